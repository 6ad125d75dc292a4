import type { Connection } from './connection';
import { type StoredEvent, toStoredEvent } from './recorded-events';

interface Wanted {
  readonly stream: string;
  readonly revision: number;
  /** Events of the append that it was the last one of. */
  readonly events: number;
  readonly resolve: (event: StoredEvent | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Events of a page at the end of the log: those that are wanted, as many of others, and some. */
const SOME = 16;
const MOST = 512;

/** Finds what has just been appended: everything that is wanted at the same time by one read of the end of the log. */
export class ReadBack {
  private waiting: Wanted[] = [];
  private running = false;

  constructor(private readonly connection: Connection) {}

  /** @returns `undefined` where the stream does not hold it any more */
  find(stream: string, revision: number, events: number): Promise<StoredEvent | undefined> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ stream, revision, events, resolve, reject });
      if (!this.running) void this.run();
    });
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.waiting.length > 0) {
      const wanted = this.waiting;
      this.waiting = [];
      const others = wanted.length === 1 ? wanted : await this.fromEnd(wanted);
      // What was appended long ago, and is only answered again, is not near the end.
      await Promise.all(others.map((one) => this.fromStream(one)));
    }
    this.running = false;
  }

  /** @returns those that are not there */
  private async fromEnd(wanted: readonly Wanted[]): Promise<readonly Wanted[]> {
    const events = wanted.reduce((sum, one) => sum + one.events, 0);
    try {
      const maxCount = Math.min(MOST, SOME + 2 * events);
      const read = await this.connection.readAll('end', { direction: 'backwards', maxCount });
      const found = new Map(
        read.map((resolved) => [`${Number(resolved.event?.revision)}@${resolved.event?.streamId ?? ''}`, resolved]),
      );
      return wanted.filter(({ stream, revision, resolve }) => {
        const resolved = found.get(`${revision}@${stream}`);
        if (resolved) resolve(toStoredEvent(resolved));
        return !resolved;
      });
    } catch (error) {
      for (const { reject } of wanted) reject(error);
      return [];
    }
  }

  private async fromStream({ stream, revision, resolve, reject }: Wanted): Promise<void> {
    try {
      const [read] = await this.connection.readStream(stream, { from: revision, direction: 'forwards', maxCount: 1 });
      const stored = read && toStoredEvent(read);
      resolve(stored?.revision === revision ? stored : undefined);
    } catch (error) {
      reject(error);
    }
  }
}
