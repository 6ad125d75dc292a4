import { createRequire } from 'node:module';
import { appendOf, WRITERS } from './store-appends.mjs';

const require = createRequire(import.meta.url);
const { LmdbEventStore } = require('../../dist/libs/event-store/src/index.js');
const { derivedUuid, parsePosition } = require('../../dist/libs/event-sourcing/src/index.js');

/**
 * Looks after each kill whether the store holds what it has acknowledged: nothing lost, nothing twice, every append whole or absent,
 * positions and revisions without gaps, each writer's order kept.
 */
export class StoreAuditor {
  lost = 0;
  doubled = 0;
  /** Anything else that must not be, in words. */
  problems = [];
  acknowledged = 0;
  #streams = new Map();
  #position;
  #ordinal = 0n;

  constructor(directory) {
    this.directory = directory;
  }

  /** @param lines what the writers have printed; the last one may be cut off */
  async look(lines) {
    const acks = lines.flatMap((line) => {
      const [, stream, number, count, revision, position] = /^ack (\S+) (\d+) (\d+) (\d+) (\w{8}-\w{16})$/.exec(line) ?? [];
      return position ? [{ stream, number: Number(number), count: Number(count), revision: Number(revision), position }] : [];
    });
    this.doubled += lines.filter((line) => line.startsWith('twice')).length;
    this.acknowledged += acks.length;
    const store = await LmdbEventStore.open({ directory: this.directory });
    try {
      const ends = await this.#readOn(store);
      for (const { stream, number, count, revision, position } of acks) {
        const end = ends.get(`${stream} ${number}`);
        if (end?.revision !== revision || end.position !== position || end.count !== count) this.lost++;
      }
    } finally {
      await store.close();
    }
  }

  /** Reads every stream by the index, from its beginning. */
  async end() {
    const store = await LmdbEventStore.open({ directory: this.directory });
    try {
      for (let i = 0; i < WRITERS; i++) {
        const { head = -1 } = this.#streams.get(`writer-${i}`) ?? {};
        let count = 0;
        for await (const { revision } of store.readStream(`writer-${i}`)) if (revision === count) count++;
        this.#expect(count === head + 1, `writer-${i} has ${count} events by the index, and ${head + 1} in the log`);
      }
      this.#expect(BigInt(store.stats().events) === this.#ordinal, 'the store counts its events otherwise than they are');
    } finally {
      await store.close();
    }
  }

  /** Last event of every append since the last look. */
  async #readOn(store) {
    const ends = new Map();
    for await (const event of store.readAll({ ...(this.#position && { after: this.#position }) })) {
      const { stream, revision, id, position, data } = event;
      const known = this.#streams.get(stream) ?? { head: -1, append: -1, left: 0 };
      this.#expect(parsePosition(position)?.ordinal === ++this.#ordinal, `position ${position} does not follow its neighbour`);
      this.#expect(revision === known.head + 1, `${stream} goes from revision ${known.head} to ${revision}`);
      this.#expect(id === derivedUuid(stream, data.append, data.index), `${stream}@${revision} is not what was written`);
      if (data.index === 0) {
        if (data.append <= known.append) this.doubled++;
        this.#expect(known.left === 0, `${stream}: append ${known.append} is there in part`);
        this.#expect(data.append === known.append + 1, `${stream}: append ${data.append} comes after ${known.append}`);
      }
      const left = data.count - data.index - 1;
      this.#streams.set(stream, { head: revision, append: data.append, left });
      this.#position = position;
      if (left === 0) ends.set(`${stream} ${data.append}`, { revision, position, count: data.count });
    }
    for (const [stream, { left, append }] of this.#streams)
      this.#expect(left === 0, `${stream}: append ${append} of ${appendOf(stream, append).length} events is there in part`);
    return ends;
  }

  #expect(holds, problem) {
    if (!holds) this.problems.push(problem);
  }
}
