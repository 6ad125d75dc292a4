/** Bytes that may come at once, and in each second from then on. */
export interface Allowance {
  readonly burst: number;
  readonly perSecond: number;
}

/** What is left of an allowance, at a time in milliseconds. */
export interface Remainder {
  readonly bytes: number;
  readonly at: number;
}

/** What is left after so many bytes came; `undefined` where they are too many now. Of a burst larger than allowed at any time: never. */
export function allowed(
  remainder: Remainder | undefined,
  bytes: number,
  now: number,
  { burst, perSecond }: Allowance,
): Remainder | undefined {
  const { bytes: before, at } = remainder ?? { bytes: burst, at: now };
  const there = Math.min(burst, before + (Math.max(0, now - at) / 1000) * perSecond);
  return bytes <= there ? { bytes: there - bytes, at: now } : undefined;
}
