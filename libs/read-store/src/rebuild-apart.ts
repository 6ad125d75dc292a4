import { createHash } from 'node:crypto';
import type { Document, DomainEvent, EventStore, Position, Projection } from '@souk/event-sourcing';
import { differences } from './differences';
import { ProjectedModel } from './projected-model';
import type { AnyProjection } from './projection-runner';
import type { GenerationWriter, ReadStore } from './read-store.port';

export interface ComparedModel {
  readonly projection: string;
  /** Where the documents stand that were compared; `undefined` where there are none of this version yet. */
  readonly position: Position | undefined;
  readonly documents: number;
  /** Ids of documents that are not what the events make of them. */
  readonly different: readonly string[];
  /** SHA-256, hex, over ids and bytes of all documents in the order of their ids: of those there are, and of those that were built. */
  readonly digest: string;
  readonly digestRebuilt: string;
}

export interface ApartOptions {
  readonly eventStore: EventStore;
  /** What there is. It is not written to. */
  readonly live: ReadStore;
  /** An empty one, to build in. */
  readonly apart: ReadStore;
  /** After some hundred events each. */
  readonly onBatch?: () => void;
}

/**
 * Builds a read model from its events alone, in another read store, up to where it stands in `live`, and compares.
 * @throws what the projection throws, what the stores throw
 */
export async function rebuildApart(
  projection: AnyProjection,
  { eventStore, live, apart, onBatch }: ApartOptions,
): Promise<ComparedModel> {
  const any = projection as unknown as Projection<Document, DomainEvent>;
  const there = live.open<Document>(any);
  const built = apart.open<Document>(any);
  const position = await there.checkpoint();
  const model = new ProjectedModel(any, built as unknown as GenerationWriter<never>, eventStore, () => undefined);
  await model.prepare(await eventStore.head());
  await model.foldUpTo(position, onBatch);
  const different = await differences(there.documents(), built.documents());
  const { documents, digest } = await digestOf(there);
  const { digest: digestRebuilt } = await digestOf(built);
  return { projection: any.name, position, documents, different: different.map(({ id }) => id), digest, digestRebuilt };
}

async function digestOf(writer: GenerationWriter<Document>): Promise<{ readonly documents: number; readonly digest: string }> {
  const hash = createHash('sha256');
  let documents = 0;
  for await (const { id, doc } of writer.documents()) {
    hash.update(`${JSON.stringify(id)} ${JSON.stringify(doc)}\n`);
    documents++;
  }
  return { documents, digest: hash.digest('hex') };
}
