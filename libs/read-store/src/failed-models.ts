import { isDeepStrictEqual } from 'node:util';
import type { ReadStore } from './read-store.port';

const KEY = 'failed-models';

/** Read models that stand since their projection throws, by name with their versions: what the one who folds lets those know who follow. */
export class FailedModels {
  constructor(private readonly readStore: ReadStore) {}

  async say(failed: Readonly<Record<string, number>>): Promise<void> {
    if (!isDeepStrictEqual(await this.read(), failed)) await this.readStore.putValues({ [KEY]: failed });
  }

  async read(): Promise<Readonly<Record<string, number>>> {
    return ((await this.readStore.getValue(KEY)) ?? {}) as Record<string, number>;
  }
}
