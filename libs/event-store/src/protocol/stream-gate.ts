interface Passage {
  sharing: number;
  /** The exclusive ones that came, one after the other; who comes later waits for the last of them. */
  barrier: Promise<unknown> | undefined;
  /** Called when the last of those who share has left. */
  emptied: (() => void) | undefined;
}

/** Lets many appends into a stream at once, but what deletes it or makes it anew only alone. Costs nothing while nobody is there. */
export class StreamGate {
  private readonly passages = new Map<string, Passage>();

  /** Starts at once, in the same turn, unless someone is there alone. */
  shared<T>(stream: string, work: () => Promise<T>): Promise<T> {
    const passage = this.passages.get(stream);
    if (passage?.barrier) return passage.barrier.then(() => this.shared(stream, work));
    return this.share(stream, work);
  }

  async exclusive<T>(stream: string, work: () => Promise<T>): Promise<T> {
    const passage = this.enter(stream);
    const before = passage.barrier;
    const alone = (async () => {
      await before;
      if (passage.sharing > 0) await new Promise<void>((resolve) => (passage.emptied = resolve));
      return work();
    })();
    const barrier = alone.then(nothing, nothing);
    passage.barrier = barrier;
    try {
      return await alone;
    } finally {
      if (passage.barrier === barrier) passage.barrier = undefined;
      this.leave(stream, passage);
    }
  }

  private async share<T>(stream: string, work: () => Promise<T>): Promise<T> {
    const passage = this.enter(stream);
    passage.sharing++;
    try {
      return await work();
    } finally {
      passage.sharing--;
      if (passage.sharing === 0) passage.emptied?.();
      this.leave(stream, passage);
    }
  }

  private enter(stream: string): Passage {
    const known = this.passages.get(stream);
    if (known) return known;
    const passage: Passage = { sharing: 0, barrier: undefined, emptied: undefined };
    this.passages.set(stream, passage);
    return passage;
  }

  private leave(stream: string, passage: Passage): void {
    if (passage.sharing === 0 && !passage.barrier) this.passages.delete(stream);
  }
}

function nothing(): void {
  // Whoever waits does not care how the one before ended.
}
