import { escapeTemplate, formatReference, parseTemplate, type TopologyNode } from '@souk/topology';
import { below, type Report } from './finding';
import type { Secrets } from './secrets';
import { looksRandom } from './secret-texts';
import type { ServiceDraft } from './service-draft';
import { escapeExpansion } from './shell-words';

/** Characters of a value that is told from others; what is shorter occurs by chance. */
const LEAST = 6;

/** A piece of a template: text as it stands, or what is written there already, which is nothing to look into. */
type Piece = { readonly text: string } | { readonly written: string };

/**
 * The second pass over what is drawn: whatever is known as a secret by now is looked for everywhere else, in variables, commands and checks, since a file
 * may give the same value first under a name that says nothing.
 */
export class WrittenSecrets {
  private readonly values: readonly { readonly value: string; readonly key: string }[];

  constructor(
    private readonly secrets: Secrets,
    /** Names of the document: a password that is one is none, and stays where it is a name. */
    names: ReadonlySet<string>,
    private readonly report: Report,
  ) {
    // The longest first: it may hold another one.
    this.values = secrets.recognised
      .filter(({ value }) => value.length >= LEAST && !names.has(value))
      .sort((a, b) => b.value.length - a.value.length);
  }

  /** The node without them. */
  sealed(node: TopologyNode, draft: ServiceDraft): TopologyNode {
    const env = new Map(Object.entries(node.env ?? {}).map(([key, template]) => [key, this.template(key, template, draft)]));
    const words = (list: readonly string[], part: string) =>
      list.map((word) => this.word(word, below(draft.at, part), env, draft));
    const command = node.command && words(node.command, 'entrypoint');
    const args = node.args && words(node.args, 'command');
    const { healthCheck, ...unchecked } = node;
    const isTold = this.tells(healthCheck?.command?.join(' ') ?? '');
    if (isTold) this.sayCheck(draft);
    this.sayLeft(node, draft);
    return {
      ...(isTold ? unchecked : node),
      ...(env.size > 0 && { env: Object.fromEntries(env) }),
      ...(command && { command }),
      ...(args && { args }),
    };
  }

  /** Messages quote what is wrong: with the values taken out of them. */
  hideInReport(): void {
    this.report.rewrite((message) => this.values.reduce((text, { value }) => text.replaceAll(occurrences(value), '…'), message));
  }

  private template(key: string, template: string, draft: ServiceDraft): string {
    const at = draft.environment.get(key)?.at ?? below(draft.at, 'environment');
    const pieces = piecesOf(template).flatMap((piece) => ('text' in piece ? this.text(piece.text, at, draft) : [piece]));
    if (pieces.some((piece) => 'text' in piece && looksRandom(piece.text))) this.suspect(at);
    return pieces.map((piece) => ('text' in piece ? escapeTemplate(piece.text) : piece.written)).join('');
  }

  private text(text: string, at: string, draft: ServiceDraft): Piece[] {
    let pieces: Piece[] = [{ text }];
    for (const { value, key } of this.values) {
      const separator = occurrences(value);
      pieces = pieces.flatMap((piece): Piece[] => {
        if (!('text' in piece)) return [piece];
        const [first = '', ...rest] = piece.text.split(separator);
        return [{ text: first }, ...rest.flatMap((behind) => [{ written: this.known(value, key, at, draft) }, { text: behind }])];
      });
    }
    return pieces;
  }

  private known(value: string, key: string, at: string, draft: ServiceDraft): string {
    const written = this.secrets.forLiteral(value, key, draft.name);
    this.report.approximated(at, 'secret-repeated', `the value of ${written} stands here too, and is not taken over either`);
    return written;
  }

  private word(word: string, at: string, env: Map<string, string>, draft: ServiceDraft): string {
    let sealed = word;
    for (const { value, key } of this.values) {
      sealed = sealed.replaceAll(occurrences(escapeExpansion(value)), () => {
        const written = this.known(value, key, at, draft);
        return `$(${variableOf(written, key, env)})`;
      });
    }
    if (looksRandom(sealed)) this.suspect(at);
    return sealed;
  }

  private tells(text: string): boolean {
    return this.values.some(({ value }) => occurrences(escapeExpansion(value)).test(text));
  }

  private sayCheck({ at }: ServiceDraft): void {
    this.report.noEquivalent(
      below(at, 'healthcheck'),
      'health-check-secret',
      'the test writes down a secret',
      'let it read the variable that holds the secret',
    );
  }

  /** Images, paths and directories hold no references. */
  private sayLeft({ image, workingDirectory, hostPaths, storage }: TopologyNode, draft: ServiceDraft): void {
    if (!this.tells(JSON.stringify([image, workingDirectory, hostPaths, storage]))) return;
    this.report.problem(
      draft.at,
      'secret-left',
      'the value of a secret stands in an image, a directory or a path, where it cannot be replaced',
      'change the secret, or what is called like it',
    );
  }

  private suspect(at: string): void {
    this.report.approximated(
      at,
      'secret-suspected',
      'this looks like a key or a token, and is taken over as it is written',
      'if it is one, give it by a variable whose name says so, as "…_KEY" or "…_TOKEN"',
    );
  }
}

function piecesOf(template: string): Piece[] {
  return parseTemplate(template).map((part) => {
    if ('text' in part) return part;
    return { written: 'reference' in part ? formatReference(part.reference) : part.malformed };
  });
}

/** The variable of a node that holds the secret; a new one where none does. */
function variableOf(written: string, key: string, env: Map<string, string>): string {
  for (const [known, template] of env) if (template === written) return known;
  const wanted = `ARG_${key.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')}`;
  let free = wanted;
  for (let n = 2; env.has(free); n++) free = `${wanted}_${n}`;
  env.set(free, written);
  return free;
}

/** Where a value occurs; one that is a plain word only as a word of its own, not as part of a name. */
function occurrences(value: string): RegExp {
  const literal = value.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
  return new RegExp(/^[a-z]+$/i.test(value) ? String.raw`(?<![\w.-]|\/\/)${literal}(?![\w.-]|["']?\s*[:=])` : literal, 'g');
}
