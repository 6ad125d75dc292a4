import { RE2JS } from 're2js';

/** A pattern that can't be matched in a time that is known beforehand, or that is no regular expression. */
export class UnsupportedPattern extends Error {
  constructor(why: string) {
    super(why);
    this.name = new.target.name;
  }
}

/** Longest pattern, most steps that it may come to (what is repeated counts as often as it may come), and longest text that it is held against. */
const MAX_LENGTH = 500;
export const MAX_STEPS = 500;
export const MAX_TEXT = 1000;

/**
 * Whether a regular expression is found in a text, as JSON Schema means it: anywhere, unless it is anchored. Takes what a `RegExp` takes, but for
 * look-around and back-references, which have no linear time (RE2).
 * @throws UnsupportedPattern
 */
export function patternOf(source: string): (text: string) => boolean {
  if (source.length > MAX_LENGTH) throw new UnsupportedPattern(`a pattern has ${MAX_LENGTH} characters at most`);
  assertRegularExpression(source);
  const steps = stepsOf(source);
  if (steps > MAX_STEPS) throw new UnsupportedPattern(`it comes to ${steps} steps, at most ${MAX_STEPS} are allowed`);
  const compiled = compile(source);
  return (text) => compiled.test(text);
}

/** Editors hold values against the pattern too, by the engine of their language. */
function assertRegularExpression(source: string): void {
  try {
    new RegExp(source, 'u');
  } catch {
    throw new UnsupportedPattern('it is no regular expression');
  }
}

function compile(source: string): RE2JS {
  try {
    return RE2JS.compile(RE2JS.translateRegExp(source));
  } catch {
    throw new UnsupportedPattern('it has look-around, a back-reference, or something else that has no linear time');
  }
}

/** About as many as the compiled pattern has, without compiling it: `(ab{3}){2}` comes to 8. */
export function stepsOf(source: string): number {
  const open: number[] = [];
  let steps = 0;
  for (let at = 0; at < source.length;) {
    const char = source[at]!;
    at += atomLength(source, at);
    let last = 1;
    if (char === '(') {
      open.push(steps);
      steps = 0;
    } else if (char === ')') {
      last = steps;
      steps += open.pop() ?? 0;
    } else {
      steps += 1;
    }
    const repeat = /^\{(\d+)(?:,(\d*))?\}/.exec(source.slice(at, at + 12));
    if (!repeat) continue;
    const times = Math.max(Number(repeat[1]), Number(repeat[2] ?? 0));
    steps += last * Math.max(times - 1, 0);
    at += repeat[0].length;
  }
  return open.reduce((sum, outer) => sum + outer, steps);
}

/** Characters of what stands at this place: one, an escape, or a class. */
function atomLength(source: string, at: number): number {
  if (source[at] === '\\') return 2;
  if (source[at] !== '[') return 1;
  let end = at + 1;
  while (end < source.length && source[end] !== ']') end += source[end] === '\\' ? 2 : 1;
  return end + 1 - at;
}
