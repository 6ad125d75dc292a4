/**
 * The JSON text of a state that is made of plain values, arrays, Maps, Sets, and members that are `undefined`; {@link stateFromJson} makes
 * an equal state of it. A Map stands as `{"$map":[[key, value], …]}`, a Set as `{"$set":[…]}`, undefined as `{"$undefined":true}`; a name
 * that begins with `$` gets another one in front. `-0` reads back as `0`.
 * @throws TypeError for anything else (a Date, an instance of a class, a bigint, NaN): it would come back as something else
 */
export function stateToJson(state: unknown): string;
/** `undefined` where that were more characters than `most`: found out without looking at much more of the state than that. */
export function stateToJson(state: unknown, most: number): string | undefined;
export function stateToJson(state: unknown, most = Number.POSITIVE_INFINITY): string | undefined {
  // The last value of all has nothing to part it from.
  const budget = { left: most + 1 };
  const json = packed(state, budget);
  // What is over is not packed to its end.
  if (budget.left < 0) return undefined;
  const text = JSON.stringify(json);
  return text.length <= most ? text : undefined;
}

/** @throws SyntaxError for text that is no JSON */
export function stateFromJson(text: string): unknown {
  const json: unknown = JSON.parse(text);
  return MARK.test(text) ? unpacked(json) : json;
}

/** How a name begins that may mean something else; in the text of a value its quotation mark would be escaped. */
const MARK = /[{,]"\$/;

/** Characters that may still come, no less than there really will be. */
interface Budget {
  left: number;
}

function packed(value: unknown, budget: Budget): unknown {
  // A value and what parts it from the next one.
  budget.left -= typeof value === 'string' ? value.length + 3 : 2;
  if (value === undefined) return { $undefined: true };
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) return value;
  if (Array.isArray(value)) return packedEach(value, (one) => packed(one, budget), budget);
  if (value instanceof Map) return { $map: packedEach(value, ([key, of]) => [packed(key, budget), packed(of, budget)], budget) };
  if (value instanceof Set) return { $set: packedEach(value, (one) => packed(one, budget), budget) };
  if (!isPlain(value)) throw new TypeError(`a ${kindOf(value)} cannot be part of a state that has snapshots`);
  const member = ([name, of]: [string, unknown]): [string, unknown] => {
    budget.left -= name.length + 3;
    return [name.startsWith('$') ? `$${name}` : name, packed(of, budget)];
  };
  return Object.fromEntries(packedEach(Object.entries(value), member, budget));
}

function packedEach<T, Packed>(values: Iterable<T>, pack: (value: T) => Packed, budget: Budget): Packed[] {
  const all: Packed[] = [];
  for (const value of values) {
    if (budget.left < 0) break;
    all.push(pack(value));
  }
  return all;
}

function unpacked(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map(unpacked);
  const entries = Object.entries(json) as [string, unknown][];
  if (entries.length === 1) {
    const [name, of] = entries[0]!;
    if (name === '$undefined') return undefined;
    if (name === '$map') return new Map(unpacked(of) as [unknown, unknown][]);
    if (name === '$set') return new Set(unpacked(of) as unknown[]);
  }
  return Object.fromEntries(entries.map(([name, of]) => [name.startsWith('$$') ? name.slice(1) : name, unpacked(of)]));
}

/** Made by a literal or by JSON, in whatever realm. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function kindOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? value.constructor.name : `${typeof value} (${String(value)})`;
}
