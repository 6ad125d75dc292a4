interface Gathering<T> {
  readonly ids: Set<string>;
  readonly found: Promise<ReadonlyMap<string, T>>;
}

/** Makes one question of those that are asked in the same turn of the event loop, as a projector does with all documents of a batch. */
export class GatheredReads<T> {
  private gathering: Gathering<T> | undefined;

  constructor(private readonly read: (ids: readonly string[]) => Promise<ReadonlyMap<string, T>>) {}

  async get(id: string): Promise<T | undefined> {
    this.gathering ??= this.gather();
    this.gathering.ids.add(id);
    return (await this.gathering.found).get(id);
  }

  private gather(): Gathering<T> {
    const ids = new Set<string>();
    const found = Promise.resolve().then(() => {
      this.gathering = undefined;
      return this.read([...ids]);
    });
    return { ids, found };
  }
}
