/** A quantity that Kubernetes would not take, or that is beyond what can be counted exactly. */
export class InvalidQuantity extends Error {
  readonly code = 'quantity-invalid';
  constructor(
    readonly quantity: string,
    hint: string,
  ) {
    super(`"${quantity}" is not a quantity: ${hint}`);
    this.name = new.target.name;
  }
}

/**
 * CPU in millicores (1000 = one core), rounded up: `250m` → 250, `0.5` → 500, `2` → 2000.
 * The notation is that of Kubernetes (`apimachinery/pkg/api/resource`).
 * @throws InvalidQuantity
 */
export function parseCpu(quantity: string): number {
  return remembered(quantity, cpus, () => scaled(quantity, 1000n, 'write millicores such as "250m" or cores such as "2"'));
}

/**
 * Memory in bytes, rounded up: `512Mi` → 536870912, `1G` → 1000000000.
 * Parts of a byte are refused: `512m` is half a byte to Kubernetes, and never what was meant.
 * @throws InvalidQuantity
 */
export function parseMemory(quantity: string): number {
  return remembered(quantity, memories, () => {
    const hint = 'write bytes with a unit, such as "512Mi" or "2Gi"';
    if (/[mun]$/.test(quantity)) throw new InvalidQuantity(quantity, `${hint} ("m" is a thousandth)`);
    return scaled(quantity, 1n, hint);
  });
}

/** Quantities that were read lately: a large topology says the same few over and over. */
const cpus = new Map<string, number>();
const memories = new Map<string, number>();
const MOST_REMEMBERED = 1000;

function remembered(quantity: string, known: Map<string, number>, read: () => number): number {
  const before = known.get(quantity);
  if (before !== undefined) return before;
  const amount = read();
  if (known.size >= MOST_REMEMBERED) known.clear();
  known.set(quantity, amount);
  return amount;
}

/** Millicores as Kubernetes writes them: 2000 → `2`, 250 → `250m`. */
export function formatCpu(millicores: number): string {
  return millicores % 1000 === 0 ? String(millicores / 1000) : `${millicores}m`;
}

/** Bytes in the largest binary unit that expresses them exactly: 536870912 → `512Mi`. */
export function formatMemory(bytes: number): string {
  let value = bytes;
  let unit = '';
  for (const next of ['Ki', 'Mi', 'Gi', 'Ti', 'Pi']) {
    if (value === 0 || value % 1024 !== 0) break;
    value /= 1024;
    unit = next;
  }
  return `${value}${unit}`;
}

/** What is read as CPU and as memory, as patterns for editors; that it may be too large to count, they do not say. */
export const cpuPattern = /^\+?(?:\d{1,19}(?:\.\d{0,19})?|\.\d{1,19})(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?\d{1,2})?$/;
export const memoryPattern = /^\+?(?:\d{1,19}(?:\.\d{0,19})?|\.\d{1,19})(?:[kMGTPE]|[KMGTPE]i|[eE][+-]?\d{1,2})?$/;

const notation = /^\+?(\d{1,19})?(?:\.(\d{0,19}))?(?:(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)|[eE]([+-]?\d{1,2}))?$/;

const decimalExponents: ReadonlyMap<string, number> = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);

const binaryExponents: ReadonlyMap<string, bigint> = new Map([
  ['Ki', 10n],
  ['Mi', 20n],
  ['Gi', 30n],
  ['Ti', 40n],
  ['Pi', 50n],
  ['Ei', 60n],
]);

/** quantity × factor, rounded up; exact, because 0.1 + 0.2 has no place in a capacity sum. */
function scaled(quantity: string, factor: bigint, hint: string): number {
  const match = notation.exec(quantity);
  const [, whole = '', fraction = '', suffix = '', exponent] = match ?? [];
  if (!match || whole + fraction === '') throw new InvalidQuantity(quantity, hint);

  const power = (exponent === undefined ? (decimalExponents.get(suffix) ?? 0) : Number(exponent)) - fraction.length;
  const shifted = (BigInt(whole + fraction) * factor) << (binaryExponents.get(suffix) ?? 0n);
  const divisor = power < 0 ? 10n ** BigInt(-power) : 1n;
  const value = power < 0 ? (shifted + divisor - 1n) / divisor : shifted * 10n ** BigInt(power);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new InvalidQuantity(quantity, 'it is too large');
  return Number(value);
}
