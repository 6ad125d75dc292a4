export interface RetryOptions {
  /** Pause after the first failure, in milliseconds. */
  readonly firstMs: number;
  /** Longest pause. */
  readonly maxMs: number;
  /** By how much each pause is longer than the one before. */
  readonly factor: number;
}

/**
 * Pause before the next attempt, in milliseconds: exponential, half of it by chance, so that what failed together does not return together.
 * @param failures how often it has failed, from 1
 * @param random in [0, 1)
 */
export function backOff({ firstMs, maxMs, factor }: RetryOptions, failures: number, random: number): number {
  const longest = Math.min(maxMs, firstMs * factor ** (failures - 1));
  return Math.ceil(longest * (0.5 + random / 2));
}
