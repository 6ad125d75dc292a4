import { type Document, isAlias, isMap, isScalar, isSeq, type Node, parseDocument, Lexer, type Scalar, type YAMLMap } from 'yaml';
import { below, type Report } from './finding';
import { textOf, type Value } from './value';

/** Characters of a document. */
export const MAX_CHARACTERS = 1024 * 1024;
/** Scalars, lists and mappings, those behind aliases counted as often as they are referred to. */
export const MAX_VALUES = 20_000;
/** Syntax errors that are told. */
const MAX_ERRORS = 100;
/** Lists and mappings in each other. */
export const MAX_DEPTH = 64;

/** Reserved for what stands open in a text: see `Slots`. */
export const reservedCharacters = /[\uE000\uE001]/;

/**
 * The one document of a YAML 1.2 text, with its anchors, aliases and merge keys resolved. What is no such thing is reported as fatal: syntax errors,
 * keys that are doubled, tags other than YAML's own, and documents that are too large, too deep, or grow too large by their aliases. Values
 * behind an alias are shared, so that a document takes no more memory than its text is long.
 */
export function readYaml(text: string, report: Report): Value | undefined {
  if (text.length > MAX_CHARACTERS) {
    report.fatal('', 'document-too-large', `the document has ${text.length} characters, at most ${MAX_CHARACTERS} are read`);
    return undefined;
  }
  if (isTooDeep(text)) {
    report.fatal('', 'document-too-deep', tooDeep);
    return undefined;
  }
  const document = parsed(text, report);
  if (!document || report.isHopeless()) return undefined;
  try {
    return new Reader(document, report).read();
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    report.fatal(error.pointer, error.code, error.message);
    return undefined;
  }
}

/**
 * The parser goes into each list and mapping by a call, and some of what it does takes the square of their depth: what would keep it busy is seen
 * before, in the tokens. Depth by indentation alone costs as many characters as its square, so there is not much of it.
 */
function isTooDeep(text: string): boolean {
  const depth = { brackets: 0, inLine: 0, properties: 0 };
  for (const token of new Lexer().lex(text)) {
    const first = token[0]!;
    if (first === '!' || first === '&') depth.properties++;
    else if (token.trim() !== '') depth.properties = 0;
    if (token === '[' || token === '{') depth.brackets++;
    if (token === ']' || token === '}') depth.brackets--;
    // Mappings and lists that begin in the line of those that they are in.
    if (token === '?' || (depth.brackets === 0 && (token === '-' || token === ':'))) depth.inLine++;
    if (token.includes('\n')) depth.inLine = 0;
    if (Object.values(depth).some((deep) => deep > MAX_DEPTH)) return true;
  }
  return false;
}

function parsed(text: string, report: Report): Document | undefined {
  try {
    // Keys are compared below: the package compares each with all others.
    const document = parseDocument(text, { uniqueKeys: false, schema: 'core', logLevel: 'silent' });
    for (const { message } of document.errors.slice(0, MAX_ERRORS))
      report.fatal('', 'yaml-syntax', message.split('\n')[0]!.replace(/:$/, ''));
    return document;
  } catch (error) {
    // The parser goes into each list and mapping by a call.
    if (!(error instanceof RangeError)) throw error;
    report.fatal('', 'document-too-deep', tooDeep);
    return undefined;
  }
}

const tooDeep = `lists and mappings stand in each other more than ${MAX_DEPTH} deep`;

class Unreadable extends Error {
  constructor(
    readonly pointer: string,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

interface Read {
  readonly value: Value;
  /** How many values it is, written out. */
  readonly size: number;
}

class Reader {
  /** What an anchor stands for; nothing yet while it is being read. */
  private readonly anchored = new Map<string, Read | undefined>();

  constructor(
    private readonly document: Document,
    private readonly report: Report,
  ) {}

  read(): Value | undefined {
    const { contents } = this.document;
    if (contents === null) {
      this.report.fatal('', 'document-empty', 'the document is empty');
      return undefined;
    }
    return this.valueOf(contents, '', 0).value;
  }

  private valueOf(node: unknown, at: string, depth: number): Read {
    if (depth > MAX_DEPTH) throw new Unreadable('', 'document-too-deep', tooDeep);
    if (isAlias(node)) return this.aliased(node.source, at);
    const anchor = (node as Node | null)?.anchor ?? undefined;
    if (anchor !== undefined) this.anchored.set(anchor, undefined);
    const read = this.ownValueOf(node, at, depth);
    if (read.size > MAX_VALUES) {
      throw new Unreadable(
        at,
        'document-too-large',
        `with its aliases written out, the document has more than ${MAX_VALUES} values`,
      );
    }
    if (anchor !== undefined) this.anchored.set(anchor, read);
    return read;
  }

  private aliased(name: string, at: string): Read {
    const read = this.anchored.get(name);
    if (read) return read;
    const message = this.anchored.has(name) ? 'refers to what it is part of' : 'refers to nothing that stands before it';
    throw new Unreadable(at, 'yaml-alias', `the alias "*${name}" ${message}`);
  }

  private ownValueOf(node: unknown, at: string, depth: number): Read {
    if (node === null || node === undefined) return { value: null, size: 1 };
    const { tag } = node as Node;
    if (tag !== undefined && !tag.startsWith('tag:yaml.org,2002:')) {
      throw new Unreadable(at, 'yaml-tag', `the tag ${JSON.stringify(tag)} has no meaning here`);
    }
    if (isScalar(node)) return { value: scalarOf(node, at), size: 1 };
    if (isMap(node)) return this.mappingOf(node, at, depth);
    if (!isSeq(node)) throw new Unreadable(at, 'yaml-syntax', 'this is neither a scalar nor a list nor a mapping');
    const entries: Value[] = [];
    let size = 1;
    for (const [index, item] of node.items.entries()) {
      const read = this.valueOf(item, below(at, index), depth + 1);
      entries.push(read.value);
      size += read.size;
    }
    return { value: entries, size };
  }

  private mappingOf({ items }: YAMLMap, at: string, depth: number): Read {
    const own = new Map<string, Value>();
    const merged = new Map<string, Value>();
    let size = 1;
    for (const { key, value } of items) {
      const name = this.keyOf(key, at);
      const read = this.valueOf(value, below(at, name), depth + 1);
      size += read.size;
      if (name === '<<' && isScalar(key) && key.type === 'PLAIN') {
        for (const [inherited, its] of this.mergedBy(read.value, at)) if (!merged.has(inherited)) merged.set(inherited, its);
        continue;
      }
      if (own.has(name))
        throw new Unreadable(below(at, name), 'yaml-key-duplicate', `the key ${JSON.stringify(name)} is doubled`);
      own.set(name, read.value);
    }
    for (const [name, value] of merged) if (!own.has(name)) own.set(name, value);
    return { value: own, size };
  }

  private keyOf(key: unknown, at: string): string {
    if (isScalar(key)) return textOf(scalarOf(key, at)) ?? '';
    if (isAlias(key)) {
      const { value } = this.aliased(key.source, at);
      if (typeof value !== 'object') return String(value);
    }
    throw new Unreadable(at, 'yaml-key', 'a key is a text, not a list or a mapping');
  }

  /** Of several mappings the first one that has a key counts. */
  private *mergedBy(value: Value, at: string): Iterable<[string, Value]> {
    for (const mapping of Array.isArray(value) ? (value as readonly Value[]) : [value]) {
      if (!(mapping instanceof Map)) throw new Unreadable(at, 'yaml-merge', 'a merge key ("<<") takes mappings only');
      yield* mapping as ReadonlyMap<string, Value>;
    }
  }
}

function scalarOf({ value, source }: Scalar, at: string): Value {
  if (typeof value === 'string' && reservedCharacters.test(value)) {
    throw new Unreadable(at, 'character-reserved', 'the characters U+E000 and U+E001 are for private use, and in use here');
  }
  // What is no exact number here stays the text that it is.
  if (typeof value === 'number')
    return Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value))
      ? value
      : (source ?? String(value));
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  return null;
}
