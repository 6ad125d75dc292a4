/** How variables are looked up. */
export interface Variables {
  readonly value: (name: string) => string | undefined;
  /** What stands for a variable that has no value and no default; `required` is the message of one that must have one (`:?`). */
  readonly missing: (name: string, required?: string) => string;
}

/** A dollar sign before something that is no variable. */
export class InvalidInterpolation extends Error {
  constructor(readonly written: string) {
    super(`${JSON.stringify(written)} is no variable; for a dollar sign itself write "$$"`);
  }
}

const MAX_NESTED = 20;
const namePattern = /[A-Za-z_][A-Za-z0-9_]*/y;
const operatorPattern = /:?[-?+]/y;

/**
 * Interpolation of the Compose specification:
 *
 *     $NAME  ${NAME}        its value
 *     ${NAME:-word}         the word where it is not set or empty; `-` alone: where it is not set
 *     ${NAME:?message}      must be set and not empty; `?` alone: must be set
 *     ${NAME:+word}         the word where it is set and not empty; `+` alone: where it is set
 *     $$                    a dollar sign
 *
 * Words are interpolated too. Linear in the length for each level of words in words, of which there are twenty at most.
 * @throws InvalidInterpolation
 */
export function interpolate(text: string, variables: Variables, nested = 0): string {
  if (nested > MAX_NESTED) throw new InvalidInterpolation(text.slice(0, 40));
  let result = '';
  let at = 0;
  for (let dollar = text.indexOf('$'); dollar >= 0; dollar = text.indexOf('$', at)) {
    result += text.slice(at, dollar);
    const next = text[dollar + 1];
    if (next === '$') {
      result += '$';
      at = dollar + 2;
      continue;
    }
    if (next === '{') {
      const end = closingBrace(text, dollar + 2);
      result += braced(text.slice(dollar + 2, end), variables, nested);
      at = end + 1;
      continue;
    }
    const name = matchAt(namePattern, text, dollar + 1);
    if (name === undefined) throw new InvalidInterpolation(text.slice(dollar, dollar + 10));
    result += variables.value(name) ?? variables.missing(name);
    at = dollar + 1 + name.length;
  }
  return result + text.slice(at);
}

function braced(body: string, variables: Variables, nested: number): string {
  const name = matchAt(namePattern, body, 0);
  if (name === undefined) throw new InvalidInterpolation(`\${${body.slice(0, 40)}}`);
  const value = variables.value(name);
  if (name.length === body.length) return value ?? variables.missing(name);
  const operator = matchAt(operatorPattern, body, name.length);
  if (operator === undefined) throw new InvalidInterpolation(`\${${body.slice(0, 40)}}`);
  const word = () => interpolate(body.slice(name.length + operator.length), variables, nested + 1);
  const given = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
  switch (operator.at(-1)) {
    case '-':
      return given ? value! : word();
    case '+':
      return given ? word() : '';
    default:
      return given ? value! : variables.missing(name, word() || `${name} must have a value`);
  }
}

/** Where the brace closes that was opened right before `from`. */
function closingBrace(text: string, from: number): number {
  let open = 1;
  for (let at = from; at < text.length; at++) {
    if (text.startsWith('$$', at)) at++;
    else if (text.startsWith('${', at)) {
      open++;
      at++;
    } else if (text[at] === '}' && --open === 0) return at;
  }
  throw new InvalidInterpolation(text.slice(from - 2, from + 20));
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
