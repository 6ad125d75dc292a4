const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const PATTERN = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei))?$/;

/** The value of a Kubernetes quantity (`250m`, `1.5`, `128Mi`, `1e3`) in its base unit; `undefined` when it is none. */
export const parseQuantity = (text: string | number | undefined): number | undefined => {
  const match = PATTERN.exec(String(text ?? ''));
  if (!match) return undefined;
  const [, digits, exponent, suffix] = match;
  if (exponent) return Number(`${digits!}${exponent}`);
  return Number(digits) * SUFFIXES[suffix ?? '']!;
};

/** CPU in thousandths of a core, rounded up as Kubernetes does; 0 for nothing. */
export const milliCpu = (quantity: string | number | undefined): number =>
  Math.ceil(Number(((parseQuantity(quantity) ?? 0) * 1000).toFixed(6)));

/** Bytes (or any whole number of things), rounded up; 0 for nothing. */
export const wholeUnits = (quantity: string | number | undefined): number => Math.ceil(parseQuantity(quantity) ?? 0);

/** `250m`, `2`. */
export const formatMilliCpu = (milli: number): string => (milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`);

/** `8Gi`, `512Mi`, `1500`: with the largest binary suffix that is exact. */
export const formatBytes = (bytes: number): string => {
  for (const suffix of ['Ti', 'Gi', 'Mi', 'Ki']) {
    const unit = SUFFIXES[suffix]!;
    if (bytes !== 0 && bytes % unit === 0) return `${bytes / unit}${suffix}`;
  }
  return String(bytes);
};
