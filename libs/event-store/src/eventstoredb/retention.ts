import type { Connection } from './connection';

/** Streams that are remembered as having been looked after. */
const REMEMBERED = 10_000;

/**
 * How many events streams of machinery keep, by the prefix of their name: `{ 'lease-': 10 }`. Told to the server once for each stream, after the first append of
 * this process to it; what an operator has set there before stays.
 */
export class Retention {
  private readonly done = new Set<string>();

  constructor(
    private readonly connection: Connection,
    private readonly maxCounts: Readonly<Record<string, number>>,
  ) {}

  /** Never fails: where the server did not take it, the next append tries again. */
  async apply(stream: string): Promise<void> {
    const prefix = Object.keys(this.maxCounts).find((candidate) => stream.startsWith(candidate));
    if (prefix === undefined || this.done.has(stream)) return;
    try {
      const there = await this.connection.readStream(`$$${stream}`, { from: 'end', direction: 'backwards', maxCount: 1 });
      if (there.length === 0) await this.connection.setMaxCount(stream, this.maxCounts[prefix]!);
      if (this.done.size >= REMEMBERED) this.done.clear();
      this.done.add(stream);
    } catch {
      // The stream is longer than it needs to be until then.
    }
  }
}
