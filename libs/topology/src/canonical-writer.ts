import type { Steps } from '@souk/event-sourcing';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Characters up to which it is quicker to look at each of them here than to ask for the JSON. */
const SHORT = 256;
/** Names up to which sorting in place is quicker, and its square does not matter. */
const FEW = 24;
/** Levels of a value that are written in steps: down to the nodes of the configurations of a snapshot. */
const OUTER = 5;

/**
 * Writes JSON as RFC 8785 has it, as bytes into a piece of memory that is used again: rendering an instance spends much of its time on digests of its
 * objects, and texts that are thrown away at once would keep the garbage collector busy for longer than the writing takes.
 */
export class CanonicalWriter {
  private memory = Buffer.allocUnsafe(16 * 1024);
  private length = 0;

  /** What was written, until something else is. */
  get bytes(): Buffer {
    return this.memory.subarray(0, this.length);
  }

  get capacity(): number {
    return this.memory.length;
  }

  /** @throws TypeError for what JSON cannot say */
  write(value: unknown): void {
    this.length = 0;
    if (!this.value(value)) throw new TypeError('there is no JSON for undefined');
  }

  /** As {@link write}, one step for each element of its outer lists. */
  *writing(value: unknown): Steps<void> {
    this.length = 0;
    if (!(yield* this.valueSteps(value, OUTER))) throw new TypeError('there is no JSON for undefined');
  }

  /** @param levels that are gone through in steps; what is deeper is written at once */
  private *valueSteps(value: unknown, levels: number): Steps<boolean> {
    if (levels === 0 || typeof value !== 'object' || value === null || hasForm(value)) return this.value(value);
    if (Array.isArray(value)) {
      this.byte(OPEN_LIST);
      for (let i = 0; i < value.length; i++) {
        yield;
        if (i > 0) this.byte(COMMA);
        if (!(yield* this.valueSteps(value[i], levels - 1))) this.word('null');
      }
      this.byte(CLOSE_LIST);
      return true;
    }
    const object = value as Readonly<Record<string, unknown>>;
    this.byte(OPEN_OBJECT);
    const start = this.length;
    for (const key of sorted(Object.keys(object))) {
      const before = this.length;
      this.key(key, start);
      if (!(yield* this.valueSteps(object[key], levels - 1))) this.length = before;
    }
    this.byte(CLOSE_OBJECT);
    return true;
  }

  /** False for what leaves no trace. */
  private value(value: unknown): boolean {
    switch (typeof value) {
      case 'string':
        this.text(value);
        return true;
      case 'number':
        if (!Number.isFinite(value)) throw new TypeError(`there is no JSON for ${value}`);
        this.word(String(value));
        return true;
      case 'boolean':
        this.word(value ? 'true' : 'false');
        return true;
      case 'bigint':
        throw new TypeError(`there is no JSON for the bigint ${value}`);
      case 'object':
        break;
      default:
        return false;
    }
    if (value === null) this.word('null');
    else if (hasForm(value)) return this.value(value.toJSON());
    else if (Array.isArray(value)) this.list(value);
    else this.object(value as Readonly<Record<string, unknown>>);
    return true;
  }

  private list(list: readonly unknown[]): void {
    this.byte(OPEN_LIST);
    for (let i = 0; i < list.length; i++) {
      if (i > 0) this.byte(COMMA);
      if (!this.value(list[i])) this.word('null');
    }
    this.byte(CLOSE_LIST);
  }

  private object(object: Readonly<Record<string, unknown>>): void {
    this.byte(OPEN_OBJECT);
    const start = this.length;
    for (const key of sorted(Object.keys(object))) {
      const before = this.length;
      this.key(key, start);
      if (!this.value(object[key])) this.length = before;
    }
    this.byte(CLOSE_OBJECT);
  }

  /** @param start of the members of its object */
  private key(key: string, start: number): void {
    if (this.length > start) this.byte(COMMA);
    this.text(key);
    this.byte(COLON);
  }

  private text(text: string): void {
    const { length } = text;
    if (length > SHORT) {
      this.escaped(text);
      return;
    }
    this.room(length + 2);
    const { memory } = this;
    let at = this.length;
    memory[at++] = QUOTE;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) {
        this.escaped(text);
        return;
      }
      memory[at++] = code;
    }
    memory[at++] = QUOTE;
    this.length = at;
  }

  /** Of ASCII, without quotes. */
  private word(word: string): void {
    this.room(word.length);
    for (let i = 0; i < word.length; i++) this.memory[this.length++] = word.charCodeAt(i);
  }

  private escaped(text: string): void {
    const json = JSON.stringify(text);
    this.room(json.length * 3);
    this.length += this.memory.write(json, this.length, 'utf8');
  }

  private byte(byte: number): void {
    if (this.length === this.memory.length) this.room(1);
    this.memory[this.length++] = byte;
  }

  private room(bytes: number): void {
    if (this.length + bytes <= this.memory.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.memory.length * 2, this.length + bytes));
    this.memory.copy(larger, 0, 0, this.length);
    this.memory = larger;
  }
}

function hasForm(value: object): value is { toJSON: () => unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

/** By UTF-16 code units. Most names are in order already, or nearly. */
function sorted(names: string[]): readonly string[] {
  if (names.length > FEW) return names.sort();
  for (let i = 1; i < names.length; i++) {
    const name = names[i]!;
    let at = i;
    for (; at > 0 && names[at - 1]! > name; at--) names[at] = names[at - 1]!;
    names[at] = name;
  }
  return names;
}
