import type { CollectionSpec, Document, Position } from '@souk/event-sourcing';
import { type Change, type CollectionWriter, type GenerationWriter, ReadStore } from '@souk/read-store';

/** A read store whose commits fail when it is told so. */
export class FailingReadStore extends ReadStore {
  override readonly shared = false;
  fails: () => boolean = () => false;
  constructor(private readonly inner: ReadStore) {
    super();
  }
  override open<Doc extends Document>(spec: CollectionSpec): CollectionWriter<Doc> {
    const writer = this.inner.open<Doc>(spec);
    return {
      ...this.failing(writer),
      startGeneration: async () => {
        const generation = await writer.startGeneration();
        return { ...this.failing(generation), serve: () => this.serve(generation), drop: () => generation.drop() };
      },
    };
  }
  private failing<Doc extends Document>(writer: GenerationWriter<Doc>): GenerationWriter<Doc> {
    return {
      spec: writer.spec,
      get: (id) => writer.get(id),
      query: (query) => writer.query(query),
      checkpoint: () => writer.checkpoint(),
      getForUpdate: (id) => writer.getForUpdate(id),
      documents: () => writer.documents(),
      commit: async (changes: readonly Change[], checkpoint: Position) => {
        if (this.fails()) throw new Error('disk on fire');
        await writer.commit(changes, checkpoint);
      },
      clear: () => writer.clear(),
    };
  }
  override getValue(key: string): Promise<unknown> {
    return this.inner.getValue(key);
  }
  override putValues(values: Readonly<Record<string, unknown>>): Promise<void> {
    return this.inner.putValues(values);
  }
  override claim(key: string, ttlMs: number): Promise<boolean> {
    return this.inner.claim(key, ttlMs);
  }
  private async serve(generation: { serve(): Promise<void> }): Promise<void> {
    if (this.fails()) throw new Error('disk on fire');
    await generation.serve();
  }
}
