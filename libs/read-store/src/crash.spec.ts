import { join } from 'node:path';
import {
  comparePositions,
  type Document,
  type DomainEvent,
  keysOf,
  type Position,
  project,
  type Projection,
} from '@souk/event-sourcing';
import { Child, temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import { balances, turnover } from '../test/accounts';
import { LmdbReadStore, ProjectionRunner } from '.';

const ACCOUNTS = 40;
const signingKey = Buffer.alloc(32, 7);

describe('a process killed while it projects', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => (folder = temporaryFolder()));
  afterEach(() => folder.remove());

  /** What the documents have to be at a checkpoint. */
  const foldedUpTo = async <Doc extends Document, Event extends DomainEvent>(
    events: LmdbEventStore,
    projection: Projection<Doc, Event>,
    checkpoint: Position | undefined,
  ): Promise<Map<string, Doc>> => {
    const docs = new Map<string, Doc>();
    for await (const event of events.readAll()) {
      if (checkpoint === undefined || comparePositions(event.position, checkpoint) > 0) break;
      for (const key of new Set(keysOf(projection, event as never))) {
        const doc = project(projection, docs.get(key), event as never, key);
        if (doc) docs.set(key, doc);
      }
    }
    return docs;
  };

  it('finds documents, indexes and checkpoint as one, and goes on from there', async () => {
    for (let round = 0; round < 4; round++) {
      const child = new Child(join(__dirname, '..', 'test', 'projector.ts'), { args: [folder.path, `${ACCOUNTS}`] });
      await child.printed(20 + 37 * round);
      await child.kill();
      const seen = child.lines.at(-1)!.slice('seen '.length) as Position;

      const events = await LmdbEventStore.open({ directory: join(folder.path, 'events') });
      const reads = await LmdbReadStore.open({ directory: join(folder.path, 'reads'), signingKey });
      const collection = reads.open<{ readonly id: string }>(balances);
      const checkpoint = await collection.checkpoint();
      expect(comparePositions(checkpoint!, seen)).toBeGreaterThanOrEqual(0);
      const { items } = await collection.query({ index: 'byAmount', limit: 500 });
      expect(new Map(items.map((doc) => [doc.id, doc]))).toEqual(await foldedUpTo(events, balances, checkpoint));

      const runner = new ProjectionRunner(events, reads, [balances, turnover]);
      await runner.start();
      const head = await events.head();
      await runner.readModel(turnover).waitFor(head, 10_000);
      expect(await runner.readModel(turnover).get('all')).toEqual((await foldedUpTo(events, turnover, head)).get('all'));
      await runner.stop();
      await reads.close();
      await events.close();
    }
  });

  it('while it rebuilds, finds one of both generations whole, and no older than what was read', async () => {
    for (let round = 0; round < 3; round++) {
      const child = new Child(join(__dirname, '..', 'test', 'rebuilder.ts'), { args: [folder.path, `${ACCOUNTS}`] });
      await child.line('rebuilt switched');
      await child.printed(60 + 47 * round);
      await child.kill();
      const seen = child.lines.findLast((line) => line.startsWith('seen '))!.slice('seen '.length) as Position;

      const events = await LmdbEventStore.open({ directory: join(folder.path, 'events') });
      const reads = await LmdbReadStore.open({ directory: join(folder.path, 'reads'), signingKey });
      const collection = reads.open<{ readonly id: string }>(balances);
      const checkpoint = await collection.checkpoint();
      expect(comparePositions(checkpoint!, seen)).toBeGreaterThanOrEqual(0);
      const { items } = await collection.query({ index: 'byAmount', limit: 500 });
      expect(new Map(items.map((doc) => [doc.id, doc]))).toEqual(await foldedUpTo(events, balances, checkpoint));
      await reads.close();
      await events.close();
    }
  }, 60_000);
});
