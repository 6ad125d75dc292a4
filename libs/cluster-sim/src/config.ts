import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FaultRule, type SetRule } from './faults/fault-rule';
import { problemsOfFaultPlan } from './faults/fault-rule.problems';
import { writeFileDurably } from './store/durable-file';

/** What a container of an image does. See the README for each. */
export const BEHAVIOURS = ['normal', 'slow', 'never-ready', 'crash-loop', 'pull-error', 'job-fails'] as const;
export type Behaviour = (typeof BEHAVIOURS)[number];

export interface ImageRule {
  behaviour: Behaviour;
  /** From the container's creation to ready, in milliseconds. */
  startupMs?: number;
  /** From the container's creation to its exit (containers that end), in milliseconds. */
  runMs?: number;
}

/** A host of the cluster; quantities as Kubernetes writes them. */
export interface HostConfig {
  name: string;
  cpu: string;
  memory: string;
  pods?: number;
  arch?: string;
  labels?: Record<string, string>;
}

export interface ClusterSimConfig {
  hosts: HostConfig[];
  /** Rules by image pattern: an exact image, or a repository with `*`. */
  images: Record<string, ImageRule>;
  /** What goes wrong on purpose, see the README. */
  faults: readonly (FaultRule & { readonly setAt?: string })[];
  /** Calls that its user may not make, such as `patch deployments` or `get pods/log`. */
  denied: readonly string[];
  startupMs: number;
  slowStartupMs: number;
  runMs: number;
  /** How long a container of a crash-loop image runs. */
  crashAfterMs: number;
  /** First back-off of a crash loop, an image pull and a failed Job; doubles each time up to `backoffMaxMs`. */
  backoffMs: number;
  backoffMaxMs: number;
  /** How long a pod takes to terminate. */
  terminationMs: number;
  /** Added to every API call. */
  apiLatencyMs: number;
  /** How many changes watches can resume over. */
  watchHistory: number;
  maxEvents: number;
  eventTtlMs: number;
}

export const DEFAULT_CONFIG: Readonly<ClusterSimConfig> = {
  hosts: ['edge-1', 'edge-2', 'edge-3'].map((name) => ({ name, cpu: '4', memory: '8Gi' })),
  images: {},
  faults: [],
  denied: [],
  startupMs: 100,
  slowStartupMs: 3000,
  runMs: 150,
  crashAfterMs: 50,
  backoffMs: 1000,
  backoffMaxMs: 300_000,
  terminationMs: 20,
  apiLatencyMs: 0,
  watchHistory: 5000,
  maxEvents: 1000,
  eventTtlMs: 3_600_000,
};

/** A configuration that cannot be used: every problem at once. */
export class ConfigInvalid extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`cluster-sim configuration: ${problems.join('; ')}`);
    this.name = new.target.name;
  }
}

/** The configuration file of a simulated cluster: `config.json`, any part of it; the rest has defaults. */
export class ConfigFile {
  private readonly saved: Partial<ClusterSimConfig>;
  private merged: ClusterSimConfig;

  /** @throws ConfigInvalid */
  constructor(
    private readonly folder: string,
    private readonly overrides: Partial<ClusterSimConfig> = {},
  ) {
    this.saved = readJson(join(folder, 'config.json'));
    const problems = problemsOf({ ...this.saved, ...overrides });
    if (problems.length > 0) throw new ConfigInvalid(problems);
    this.merged = this.merge();
  }

  /** Defaults, then the file, then what the caller of `startClusterSim` said; image rules are merged, a saved fault plan has the last word. */
  get current(): ClusterSimConfig {
    return this.merged;
  }

  /** Sets (or, with `undefined`, removes) the rule of an image pattern; on disk when it returns. */
  setImageRule(pattern: string, rule: ImageRule | undefined): void {
    const { [pattern]: _removed, ...others } = this.saved.images ?? {};
    this.saved.images = rule ? { ...others, [pattern]: rule } : others;
    if (!rule && this.overrides.images) Reflect.deleteProperty(this.overrides.images, pattern);
    this.save();
  }

  /** Keeps the fault plan in place of the one before; on disk when it returns. */
  setFaults(rules: readonly SetRule[]): void {
    this.saved.faults = rules;
    this.save();
  }

  private merge(): ClusterSimConfig {
    return {
      ...DEFAULT_CONFIG,
      ...this.saved,
      ...this.overrides,
      images: { ...this.overrides.images, ...this.saved.images },
      faults: this.saved.faults ?? this.overrides.faults ?? [],
    };
  }

  private save(): void {
    this.merged = this.merge();
    writeFileDurably(join(this.folder, 'config.json'), `${JSON.stringify(this.saved, null, 2)}\n`);
  }
}

const readJson = (file: string): Partial<ClusterSimConfig> => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  try {
    return JSON.parse(text) as Partial<ClusterSimConfig>;
  } catch (error) {
    throw new ConfigInvalid([`${file} is not JSON: ${(error as Error).message}`]);
  }
};

/** What is wrong with an image rule as a request or a file states it. */
export const problemsOfRule = (rule: unknown): string[] => {
  if (typeof rule !== 'object' || rule === null) return ['an image rule is an object {behaviour, startupMs?, runMs?}'];
  const { behaviour, startupMs, runMs } = rule as Record<string, unknown>;
  const problems: string[] = [];
  if (!BEHAVIOURS.includes(behaviour as Behaviour)) {
    problems.push(`behaviour must be one of ${BEHAVIOURS.join(', ')}, not ${JSON.stringify(behaviour)}`);
  }
  for (const [field, value] of Object.entries({ startupMs, runMs })) {
    if (value !== undefined && !isDuration(value)) problems.push(`${field} must be a number of milliseconds >= 0`);
  }
  return problems;
};

const isDuration = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value >= 0;

const problemsOf = (config: Record<string, unknown>): string[] => {
  const problems: string[] = [];
  for (const [field, value] of Object.entries(config)) {
    if (!(field in DEFAULT_CONFIG)) problems.push(`unknown field "${field}"`);
    else if (field === 'hosts') {
      if (!Array.isArray(value) || value.some((host) => !isHost(host)))
        problems.push('hosts must be a list of {name, cpu, memory}');
    } else if (field === 'images') {
      const rules = typeof value === 'object' && value !== null ? Object.entries(value) : [];
      for (const [pattern, rule] of rules) problems.push(...problemsOfRule(rule).map((each) => `images["${pattern}"]: ${each}`));
    } else if (field === 'denied') {
      if (!Array.isArray(value) || value.some((call) => typeof call !== 'string' || !/^[a-z]+ [a-z/]+$/.test(call)))
        problems.push('denied must be a list of calls such as "patch deployments"');
    } else if (field === 'faults') problems.push(...problemsOfFaultPlan(value));
    else if (!isDuration(value)) problems.push(`${field} must be a number >= 0`);
  }
  return problems;
};

const isHost = (host: unknown): boolean => {
  if (typeof host !== 'object' || host === null) return false;
  const { name, cpu, memory } = host as Record<string, unknown>;
  return typeof name === 'string' && typeof cpu === 'string' && typeof memory === 'string';
};
