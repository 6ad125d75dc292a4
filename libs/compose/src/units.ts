import { formatMemory } from '@souk/topology';

const factors: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ['k', 2 ** 10],
  ['m', 2 ** 20],
  ['g', 2 ** 30],
  ['t', 2 ** 40],
]);

/** Bytes as Compose writes them, by 1024 whatever the unit is called: `512m`, `1.5G`, `64kb`, `1gib` → bytes. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,9})?) ?([bkmgt]?)(?:i?b)?$/i.exec(text.trim());
  const bytes = match && Math.ceil(Number(match[1]) * factors.get(match[2]!.toLowerCase())!);
  return bytes && bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** `1.5G` → `1536Mi` */
export function memoryQuantity(bytes: number): string {
  return formatMemory(bytes);
}

/** `0.5` → 500 millicores, rounded up. */
export function parseCpus(text: string): number | undefined {
  const match = /^\d{1,6}(?:\.\d{1,9})?$/.exec(text.trim());
  const millicores = match ? Math.ceil(Number(match[0]) * 1000) : 0;
  return millicores > 0 ? millicores : undefined;
}

const secondsOf: ReadonlyMap<string, number> = new Map([
  ['us', 1e-6],
  ['ms', 1e-3],
  ['s', 1],
  ['m', 60],
  ['h', 3600],
]);

/** Durations as Compose writes them: `1m30s`, `2h`, `500ms` → seconds. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d{1,9}(?:\.\d{1,9})?(?:us|ms|s|m|h)){1,5}$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(us|ms|s|m|h)/g))
    seconds += Number(amount) * secondsOf.get(unit!)!;
  return seconds;
}
