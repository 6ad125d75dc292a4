import { type Accepts, type Pattern, readPattern, UnsupportedPattern } from './pattern-syntax';
import { InvalidRequest } from './protocol-errors';

/** One step on the way through a pattern. Where nothing else is said, the next one follows. */
type Step =
  | { readonly kind: 'one'; readonly accepts: Accepts }
  | { readonly kind: 'begins' | 'ends' | 'found' }
  | { readonly kind: 'goto'; to: readonly number[] };

/** Longest pattern that is taken, and most steps that it may come to: what is repeated counts as often as it says. */
const MAX_PATTERN = 1024;
const MAX_STEPS = 1280;

/**
 * Whether a regular expression is found in a text, in a time that grows with the pattern, with the text, and with nothing else: all ways through the
 * pattern are followed at the same time (Thompson, 1968), where `RegExp` tries one after the other, which lasts for ever with `^(a+)+$`.
 * @throws InvalidRequest
 */
export function patternOf(text: string): (value: string) => boolean {
  if (text.length > MAX_PATTERN) throw new InvalidRequest(`a pattern has ${MAX_PATTERN} characters at most`);
  checkSyntax(text);
  try {
    const search = new Search(new Steps().of(readPattern(text)));
    return (value) => search.finds(value);
  } catch (error) {
    if (!(error instanceof UnsupportedPattern)) throw error;
    throw new InvalidRequest(`'${text}' has ${error.message}, which can't be matched in bounded time or is not supported`);
  }
}

function checkSyntax(text: string): void {
  for (const flags of ['u', ''])
    try {
      new RegExp(text, flags);
      return;
    } catch {
      // Without the flag, more is taken: other engines escape more than they need to.
    }
  throw new InvalidRequest(`'${text}' is not a valid regular expression`);
}

/** A pattern, step by step. */
class Steps {
  private readonly steps: Step[] = [];
  private work = 0;

  of(pattern: Pattern): readonly Step[] {
    this.put(pattern);
    this.add({ kind: 'found' });
    return this.steps;
  }

  private put(pattern: Pattern): void {
    // What is repeated may be empty, and then makes no steps.
    if (++this.work > 4 * MAX_STEPS) throw tooMany();
    if (pattern.kind === 'sequence') for (const one of pattern.of) this.put(one);
    else if (pattern.kind === 'choice') this.putChoice(pattern.of);
    else if (pattern.kind === 'repeat') this.putRepeat(pattern.what, pattern.least, pattern.most);
    else this.add(pattern);
  }

  private putChoice(ways: readonly Pattern[]): void {
    const begin = this.goto();
    const ends = ways.map((way) => {
      begin.to = [...begin.to, this.steps.length];
      this.put(way);
      return this.goto();
    });
    for (const end of ends) end.to = [this.steps.length];
  }

  private putRepeat(what: Pattern, least: number, most: number): void {
    for (let i = 0; i < least; i++) this.put(what);
    if (most === Infinity) {
      const again = this.steps.length;
      const begin = this.goto();
      this.put(what);
      this.goto().to = [again];
      begin.to = [again + 1, this.steps.length];
      return;
    }
    const skips: { to: readonly number[] }[] = [];
    for (let i = least; i < most; i++) {
      const skip = this.goto();
      skip.to = [this.steps.length];
      skips.push(skip);
      this.put(what);
    }
    for (const skip of skips) skip.to = [...skip.to, this.steps.length];
  }

  private goto(): { kind: 'goto'; to: readonly number[] } {
    const step = { kind: 'goto' as const, to: [] };
    this.add(step);
    return step;
  }

  private add(step: Step): void {
    if (this.steps.length >= MAX_STEPS) throw tooMany();
    this.steps.push(step);
  }
}

const tooMany = (): InvalidRequest => new InvalidRequest(`a pattern comes to ${MAX_STEPS} steps at most`);

/** Walks through the steps, for one text after the other. */
class Search {
  /** Steps that the next character has to fit. */
  private waiting: number[] = [];
  /** By step: at which place of all texts it was reached last. */
  private readonly reached: Float64Array;
  private readonly open: number[] = [];
  private place = 0;

  constructor(private readonly steps: readonly Step[]) {
    this.reached = new Float64Array(steps.length);
  }

  finds(text: string): boolean {
    let before: number[] = [];
    let code = 0;
    for (let at = 0; at <= text.length; at += code > 0xffff ? 2 : 1) {
      const begins = at === 0;
      const ends = at === text.length;
      this.place++;
      this.waiting = [];
      for (const step of before) if (this.accepts(step, code) && this.reach(step + 1, begins, ends)) return true;
      // It may begin anywhere.
      if (this.reach(0, begins, ends)) return true;
      before = this.waiting;
      code = text.codePointAt(at) ?? 0;
    }
    return false;
  }

  private accepts(at: number, code: number): boolean {
    const step = this.steps[at]!;
    return step.kind === 'one' && step.accepts(code);
  }

  /** Follows everything that takes no character. Answers whether that is the end. */
  private reach(first: number, begins: boolean, ends: boolean): boolean {
    const { steps, open, reached, waiting, place } = this;
    open.push(first);
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (reached[at] === place) continue;
      reached[at] = place;
      const step = steps[at]!;
      if (step.kind === 'found') {
        open.length = 0;
        return true;
      }
      if (step.kind === 'one') waiting.push(at);
      else if (step.kind === 'goto') open.push(...step.to);
      else if (step.kind === 'begins' ? begins : ends) open.push(at + 1);
    }
    return false;
  }
}
