import { type Behaviour, BEHAVIOURS, type ClusterSimConfig, type ImageRule } from '../config';
import { type Container } from '../objects/workloads';
import { agnhostConduct } from './agnhost';

/** What a container of an image does, with all times, in milliseconds from its creation. */
export interface ImageConduct {
  readonly behaviour: Behaviour;
  readonly startupMs: number;
  readonly runMs: number;
  /** Of those that fail; default 1. */
  readonly exitCode?: number;
}

type Timing = Pick<ClusterSimConfig, 'images' | 'startupMs' | 'slowStartupMs' | 'runMs'>;

/** The conduct of a container: that of its image, unless what it is told to do decides. */
export const conductOfContainer = (container: Container, config: Timing): ImageConduct => {
  const conduct = conductOf(container.image, config);
  return conduct.behaviour === 'normal' ? { ...conduct, ...agnhostConduct(container) } : conduct;
};

/**
 * The conduct of an image: by an exact rule, else by the longest pattern with `*` that fits its reference or its
 * repository, else by the end of its tag or of its name (`shop:1.0-never-ready`, `shop-crash-loop@sha256:…`), else normal.
 */
export const conductOf = (image: string, config: Timing): ImageConduct => {
  const rule = ruleFor(image, config.images) ?? { behaviour: conventionalBehaviour(image) };
  return {
    behaviour: rule.behaviour,
    startupMs: rule.startupMs ?? (rule.behaviour === 'slow' ? config.slowStartupMs : config.startupMs),
    runMs: rule.runMs ?? (rule.behaviour === 'slow' ? config.slowStartupMs : config.runMs),
  };
};

const ruleFor = (image: string, rules: Readonly<Record<string, ImageRule>>): ImageRule | undefined => {
  const { repository, tag } = parseImage(image);
  const names = [image, ...(tag ? [`${repository}:${tag}`] : []), repository];
  for (const name of names) if (Object.hasOwn(rules, name)) return rules[name];
  const patterns = Object.keys(rules).filter((pattern) => pattern.includes('*'));
  const best = patterns
    .filter((pattern) => names.some((name) => globMatches(pattern, name)))
    .sort((a, b) => b.length - a.length)[0];
  return best === undefined ? undefined : rules[best];
};

const conventionalBehaviour = (image: string): Behaviour => {
  const { repository, tag } = parseImage(image);
  const ends = (behaviour: Behaviour): boolean => (tag ?? '').endsWith(`-${behaviour}`) || repository.endsWith(`-${behaviour}`);
  return BEHAVIOURS.find((behaviour) => behaviour !== 'normal' && ends(behaviour)) ?? 'normal';
};

/** `registry:5000/shop/web:1.0@sha256:…` in its parts. */
export const parseImage = (image: string): { repository: string; tag: string | undefined; digest: string | undefined } => {
  const [name = '', digest] = image.split('@', 2);
  const tag = /:([^/:]+)$/.exec(name)?.[1];
  return { repository: tag === undefined ? name : name.slice(0, -tag.length - 1), tag, digest };
};

const globMatches = (pattern: string, name: string): boolean => {
  const parts = pattern.split('*');
  const first = parts[0]!;
  const last = parts.at(-1)!;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= name.length - last.length;
};
