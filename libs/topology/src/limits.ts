/** From, to; whole numbers. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

/** What numbers in the settings of a node may be. */
export const portRange: Range = { least: 1, most: 65_535 };
export const replicaRange: Range = { least: 1, most: 100 };
/** As Linux has them, without the two that stand for "none". */
export const userIdRange: Range = { least: 0, most: 2 ** 31 - 1 };
export const healthCheckRanges = {
  initialDelaySeconds: { least: 0, most: 3600 },
  periodSeconds: { least: 1, most: 3600 },
  timeoutSeconds: { least: 1, most: 3600 },
  failureThreshold: { least: 1, most: 100 },
} as const satisfies Readonly<Record<string, Range>>;

export function isWithin(value: number, { least, most }: Range): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
