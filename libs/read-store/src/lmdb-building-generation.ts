import { type CollectionSpec, comparePositions, type Document, type Position } from '@souk/event-sourcing';
import { SMALL, type WriteSize } from '@souk/lmdb';
import { buildingKey, type CollectionRecord, type CollectionTables } from './collection-tables';
import type { DroppedCollections } from './dropped-collections';
import type { LmdbGeneration } from './lmdb-generation';
import {
  type BuildingGeneration,
  type Change,
  GenerationBehind,
  GenerationGone,
  type Page,
  type PositionedDocument,
  type Query,
} from './read-store.port';

/** What a generation that is being built needs of its collection. */
export interface GenerationPlace<Doc extends Document> {
  /** One without documents, under a number of its own. */
  start(): LmdbGeneration<Doc>;
  /** One after the other with all writes of the collection. */
  inTurn(write: () => Promise<void>): Promise<void>;
  query(generation: LmdbGeneration<Doc>, query: Query<Doc>): Page<Doc>;
  /** Checkpoint of the generation that serves. */
  served(): Position | undefined;
  serve(generation: LmdbGeneration<Doc>): Promise<void>;
}

/** Its record lies beside that of its collection until it serves; whoever finds it there at a start removes it. */
export class LmdbBuildingGeneration<Doc extends Document> implements BuildingGeneration<Doc> {
  private generation: LmdbGeneration<Doc>;
  private gone = false;

  constructor(
    readonly spec: CollectionSpec,
    private readonly tables: CollectionTables,
    private readonly dropped: DroppedCollections,
    private readonly place: GenerationPlace<Doc>,
  ) {
    this.generation = place.start();
  }

  async get(id: string): Promise<Doc | undefined> {
    return this.generation.get(id)?.doc;
  }

  async query(query: Query<Doc>): Promise<Page<Doc>> {
    return this.place.query(this.generation, query);
  }

  async checkpoint(): Promise<Position | undefined> {
    return this.generation.checkpoint;
  }

  async getForUpdate(id: string): Promise<{ readonly doc: Doc | undefined; readonly position: Position } | undefined> {
    return this.generation.get(id);
  }

  documents(): AsyncIterable<PositionedDocument<Doc>> {
    return this.generation.documents();
  }

  /** @throws UnindexableDocument, and nothing is written; StorageFull, StorageFailed, GenerationGone */
  commit(changes: readonly Change[], checkpoint: Position): Promise<void> {
    return this.inTurn(async () => {
      const { record, write, size } = this.generation.prepare(changes, checkpoint);
      await this.put(record, write, size);
      this.generation.record = record;
    });
  }

  clear(): Promise<void> {
    return this.inTurn(async () => {
      await this.remove();
      this.generation = this.place.start();
    });
  }

  serve(): Promise<void> {
    return this.inTurn(async () => {
      const served = this.place.served();
      const { checkpoint } = this.generation;
      if (served !== undefined && (checkpoint === undefined || comparePositions(checkpoint, served) < 0))
        throw new GenerationBehind(this.spec.name, checkpoint, served);
      await this.place.serve(this.generation);
      this.gone = true;
    });
  }

  drop(): Promise<void> {
    return this.place.inTurn(() => this.dropInTurn());
  }

  /** Like `drop`, for who has the turn. */
  async dropInTurn(): Promise<void> {
    if (this.gone) return;
    await this.remove();
    this.gone = true;
  }

  private async put(record: CollectionRecord, write: () => void, size: WriteSize): Promise<void> {
    await this.tables.environment.writeBlind(() => {
      write();
      this.tables.collections.put(buildingKey(this.spec.name), record);
    }, size);
  }

  private async remove(): Promise<void> {
    await this.tables.environment.writeBlind(() => {
      this.tables.collections.remove(buildingKey(this.spec.name));
      this.dropped.put(this.generation.record.number);
    }, SMALL);
    this.dropped.work();
  }

  private inTurn(write: () => Promise<void>): Promise<void> {
    return this.place.inTurn(async () => {
      if (this.gone) throw new GenerationGone(this.spec.name);
      await write();
    });
  }
}
