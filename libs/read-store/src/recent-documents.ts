import { LRUCache } from 'lru-cache';
import type { Document, Position } from '@souk/event-sourcing';

/** What lies in the store under an id. */
export interface KnownDocument {
  readonly position: Position;
  readonly doc: Document;
  readonly entries: readonly Buffer[];
}

/** Bytes of documents, as they are stored, that are known in memory. */
const BYTES = 2 << 20;

/**
 * Documents of a collection that were written again of late, and are likely to be so once more: what comes next is folded on top of them
 * without reading them. Nobody may change them.
 */
export class RecentDocuments {
  private readonly documents = new LRUCache<string, KnownDocument>({ maxSize: BYTES });

  get(id: string): KnownDocument | undefined {
    return this.documents.get(id);
  }

  set(id: string, known: KnownDocument, bytes: number): void {
    this.documents.set(id, known, { size: bytes });
  }

  clear(): void {
    this.documents.clear();
  }

  forget(id: string): void {
    this.documents.delete(id);
  }
}
