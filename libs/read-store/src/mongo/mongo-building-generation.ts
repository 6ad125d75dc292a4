import { type CollectionSpec, comparePositions, type Document, type Position } from '@souk/event-sourcing';
import {
  type BuildingGeneration,
  type Change,
  GenerationBehind,
  GenerationGone,
  type Page,
  type PositionedDocument,
  type Query,
} from '../read-store.port';
import type { CollectionRecords } from './collection-records';
import { later, type MongoGeneration } from './mongo-generation';

/** What a generation that is being built needs of its collection. */
export interface BuildingPlace<Doc extends Document> {
  /** One without documents, under a number of its own. */
  start(): Promise<MongoGeneration<Doc>>;
  /** One after the other with all writes of the collection. */
  inTurn<T>(write: () => Promise<T>): Promise<T>;
  query(generation: MongoGeneration<Doc>, query: Query<Doc>): Promise<Page<Doc>>;
  /** This one serves by now. */
  served(generation: MongoGeneration<Doc>, checkpoint: Position | undefined): void;
}

/** Its number stands in the record of its collection until it serves; whoever writes there after another process removes it. */
export class MongoBuildingGeneration<Doc extends Document> implements BuildingGeneration<Doc> {
  private gone = false;
  private reached: Position | undefined;

  constructor(
    readonly spec: CollectionSpec,
    private readonly records: CollectionRecords,
    private readonly place: BuildingPlace<Doc>,
    private generation: MongoGeneration<Doc>,
  ) {}

  get(id: string): Promise<Doc | undefined> {
    return this.generation.get(id);
  }

  query(query: Query<Doc>): Promise<Page<Doc>> {
    return this.place.query(this.generation, query);
  }

  async checkpoint(): Promise<Position | undefined> {
    return this.reached;
  }

  getForUpdate(id: string): Promise<{ readonly doc: Doc | undefined; readonly position: Position } | undefined> {
    return this.generation.getForUpdate(id);
  }

  documents(): AsyncIterable<PositionedDocument<Doc>> {
    return this.generation.inOrder();
  }

  /** @throws UnindexableDocument, and nothing is written; MongoUnavailable, GenerationGone */
  commit(changes: readonly Change[], checkpoint: Position): Promise<void> {
    return this.inTurn(async () => {
      await this.generation.write(changes, this.reached);
      if (!(await this.records.moveCheckpoint('building', this.generation.number, checkpoint))) this.end();
      this.reached = later(this.reached, checkpoint);
    });
  }

  clear(): Promise<void> {
    return this.inTurn(async () => {
      this.generation = await this.place.start();
      this.reached = undefined;
    });
  }

  serve(): Promise<void> {
    return this.inTurn(async () => {
      const { number } = this.generation;
      await this.records.untilDone(async ({ building, serving }) => {
        if (building?.number !== number) this.end();
        const { checkpoint } = building;
        if (serving.checkpoint !== undefined && isBefore(checkpoint, serving.checkpoint))
          throw new GenerationBehind(this.spec.name, checkpoint, serving.checkpoint);
        return (await this.records.serve(building, serving)) || undefined;
      });
      this.gone = true;
      this.place.served(this.generation, this.reached);
    });
  }

  drop(): Promise<void> {
    return this.place.inTurn(async () => {
      if (this.gone) return;
      await this.records.dropBuilding(this.generation.number);
      this.gone = true;
    });
  }

  /** Another one is being built by now. */
  replaced(): void {
    this.gone = true;
  }

  /** @throws GenerationGone */
  private end(): never {
    this.gone = true;
    throw new GenerationGone(this.spec.name);
  }

  private inTurn(write: () => Promise<void>): Promise<void> {
    return this.place.inTurn(async () => {
      if (this.gone) throw new GenerationGone(this.spec.name);
      await write();
    });
  }
}

function isBefore(a: Position | undefined, b: Position): boolean {
  return a === undefined || comparePositions(a, b) < 0;
}
