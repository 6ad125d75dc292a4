import type { Document, Position } from '@souk/event-sourcing';

/** What lies in the store under an id. */
export interface KnownDocument {
  readonly position: Position;
  readonly doc: Document;
  readonly entries: readonly Buffer[];
}

/** Bytes of documents, as they are stored, that are known in memory; at most twice as many. */
const BYTES = 1 << 20;

/**
 * Documents of a collection that were written again of late, and are likely to be so once more: what comes next is folded on top of them
 * without reading them. Nobody may change them.
 */
export class RecentDocuments {
  private young = new Map<string, KnownDocument>();
  private old = new Map<string, KnownDocument>();
  /** Of the young ones. */
  private bytes = 0;

  get(id: string): KnownDocument | undefined {
    return this.young.get(id) ?? this.old.get(id);
  }

  set(id: string, known: KnownDocument, bytes: number): void {
    if (this.bytes + bytes > BYTES) {
      this.old = this.young;
      this.young = new Map();
      this.bytes = 0;
    }
    this.old.delete(id);
    this.young.set(id, known);
    this.bytes += bytes;
  }

  clear(): void {
    this.old = new Map();
    this.young = new Map();
    this.bytes = 0;
  }

  forget(id: string): void {
    this.young.delete(id);
    this.old.delete(id);
  }
}
