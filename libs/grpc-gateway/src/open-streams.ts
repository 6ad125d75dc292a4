/** Streams that are being answered: no more than so many at once, and all of them ended together. */
export class OpenStreams {
  private readonly open = new Set<AbortController>();
  private closed = false;

  constructor(private readonly most: number) {}

  /** The function that tells that the stream has ended; `undefined` where there is no room for it. */
  enter(stream: AbortController): (() => void) | undefined {
    if (this.closed || this.open.size >= this.most) return undefined;
    this.open.add(stream);
    return () => this.open.delete(stream);
  }

  get size(): number {
    return this.open.size;
  }

  /** Ends all of them, and lets nobody in any more. */
  close(): void {
    this.closed = true;
    for (const stream of this.open) stream.abort(new GoingAway());
  }
}

/** The process stops; whoever reads goes on elsewhere, or here when it is back. */
export class GoingAway extends Error {
  constructor() {
    super('the process stops');
    this.name = new.target.name;
  }
}
