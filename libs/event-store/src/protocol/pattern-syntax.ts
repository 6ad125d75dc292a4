/** One character, by its code point. */
export type Accepts = (code: number) => boolean;

/** A regular expression, as far as it can be matched in bounded time. */
export type Pattern =
  | { readonly kind: 'one'; readonly accepts: Accepts }
  | { readonly kind: 'begins' | 'ends' }
  | { readonly kind: 'sequence'; readonly of: readonly Pattern[] }
  | { readonly kind: 'choice'; readonly of: readonly Pattern[] }
  | { readonly kind: 'repeat'; readonly what: Pattern; readonly least: number; readonly most: number };

/** Valid, but not among what is matched. */
export class UnsupportedPattern extends Error {}

/**
 * Reads what `RegExp` has found to be valid: literals, classes, `. ^ $ | * + ? {n,m}`, groups, `\d \w \s`. Whether something is repeated as often
 * as it can be or as seldom (`*?`) makes no difference to whether it is found.
 * @throws UnsupportedPattern with what it is: `\1`, `(?=`, `\b`, `\p`
 */
export function readPattern(text: string): Pattern {
  return new PatternReader([...text]).alternatives();
}

class PatternReader {
  private at = 0;

  constructor(private readonly characters: readonly string[]) {}

  /** `a|b|c` */
  alternatives(): Pattern {
    const ways: Pattern[] = [];
    do {
      const of: Pattern[] = [];
      while (this.at < this.characters.length && !'|)'.includes(this.characters[this.at]!)) of.push(this.repeated());
      ways.push({ kind: 'sequence', of });
    } while (this.takes('|'));
    return ways.length === 1 ? ways[0]! : { kind: 'choice', of: ways };
  }

  /** One thing, and how often: `*`, `+`, `?`, `{2}`, `{2,}`, `{2,3}`. */
  private repeated(): Pattern {
    const what = this.one();
    const ahead = this.characters.slice(this.at, this.at + 32).join('');
    const [all, least, comma, most] = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})/.exec(ahead) ?? [];
    if (all === undefined) return what;
    this.at += all.length;
    this.takes('?');
    if (all === '*') return { kind: 'repeat', what, least: 0, most: Infinity };
    if (all === '+') return { kind: 'repeat', what, least: 1, most: Infinity };
    if (all === '?') return { kind: 'repeat', what, least: 0, most: 1 };
    const upTo = comma === '' ? Number(least) : most === '' ? Infinity : Number(most);
    return { kind: 'repeat', what, least: Number(least), most: upTo };
  }

  private one(): Pattern {
    const character = this.characters[this.at++]!;
    if (character === '(') return this.group();
    if (character === '^') return { kind: 'begins' };
    if (character === '$') return { kind: 'ends' };
    if (character === '[') return { kind: 'one', accepts: this.characterClass() };
    if (character === '.') return { kind: 'one', accepts: (code) => !isLineEnd(code) };
    return { kind: 'one', accepts: character === '\\' ? acceptsOf(this.escaped()) : acceptsOf(codeOf(character)) };
  }

  /** `(…)`, `(?:…)`, `(?<name>…)` */
  private group(): Pattern {
    if (this.takes('?')) {
      const isNamed = this.characters[this.at] === '<' && !'=!'.includes(this.characters[this.at + 1]!);
      if (isNamed) this.at = this.characters.indexOf('>', this.at) + 1;
      else if (!this.takes(':')) throw new UnsupportedPattern(`(?${this.characters[this.at]!}`);
    }
    const inner = this.alternatives();
    this.takes(')');
    return inner;
  }

  /** `[a-z_]`, `[^$]` */
  private characterClass(): Accepts {
    const isNegated = this.takes('^');
    const parts: Accepts[] = [];
    while (!this.takes(']')) {
      const from = this.member();
      if (typeof from === 'number' && this.characters[this.at] === '-' && this.characters[this.at + 1] !== ']') {
        this.at++;
        const to = this.member();
        if (typeof to === 'number') parts.push((code) => code >= from && code <= to);
        else parts.push(acceptsOf(from), acceptsOf('-'), to);
      } else parts.push(acceptsOf(from));
    }
    return (code) => parts.some((accepts) => accepts(code)) !== isNegated;
  }

  private member(): number | Accepts {
    const character = this.characters[this.at++]!;
    return character === '\\' ? this.escaped() : codeOf(character);
  }

  private escaped(): number | Accepts {
    const letter = this.characters[this.at++]!;
    const known = classes.get(letter) ?? controls.get(letter);
    if (known !== undefined) return known;
    const digits = letter === 'x' ? 2 : letter === 'u' ? 4 : 0;
    const code = this.characters.slice(this.at, this.at + digits).join('');
    if (digits > 0 && code.length === digits && /^[\da-f]+$/i.test(code)) {
      this.at += digits;
      return parseInt(code, 16);
    }
    if (/[A-Za-z0-9]/.test(letter)) throw new UnsupportedPattern(`\\${letter}`);
    return codeOf(letter);
  }

  private takes(character: string): boolean {
    if (this.characters[this.at] !== character) return false;
    this.at++;
    return true;
  }
}

const codeOf = (character: string): number => character.codePointAt(0)!;

function acceptsOf(what: number | string | Accepts): Accepts {
  if (typeof what === 'function') return what;
  const wanted = typeof what === 'string' ? codeOf(what) : what;
  return (code) => code === wanted;
}

const isLineEnd: Accepts = (code) => code === 0x0a || code === 0x0d || code === 0x2028 || code === 0x2029;
const isDigit: Accepts = (code) => code >= 0x30 && code <= 0x39;
const isWord: Accepts = (code) =>
  isDigit(code) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || code === 0x5f;
const isSpace: Accepts = (code) => /\s/.test(String.fromCodePoint(code));
const not =
  (accepts: Accepts): Accepts =>
  (code) =>
    !accepts(code);

const classes: ReadonlyMap<string, Accepts> = new Map([
  ['d', isDigit],
  ['D', not(isDigit)],
  ['w', isWord],
  ['W', not(isWord)],
  ['s', isSpace],
  ['S', not(isSpace)],
]);
const controls: ReadonlyMap<string, number> = new Map([
  ['t', 0x09],
  ['n', 0x0a],
  ['v', 0x0b],
  ['f', 0x0c],
  ['r', 0x0d],
]);
