import { temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import { countReads } from '@souk/read-store/testing';
import { balances, opened, toAppend } from '../test/accounts';
import { LmdbReadStore, ProjectionRunner } from '.';

describe('A start', () => {
  it('reads no document and no index entry of what is there already', async () => {
    const folder = temporaryFolder();
    const events = await LmdbEventStore.open({ directory: `${folder.path}/events` });
    const running = async () => {
      const reads = await LmdbReadStore.open({ directory: `${folder.path}/reads`, signingKey: Buffer.alloc(32, 1) });
      const counted = countReads(reads);
      const runner = new ProjectionRunner(events, reads, [balances]);
      await runner.start();
      await runner.waitFor(await events.head(), 10_000);
      const stop = async () => {
        await runner.stop();
        await reads.close();
      };
      return { counted, stop, model: runner.readModel(balances) };
    };
    await Promise.all(
      Array.from({ length: 300 }, (_, n) => events.append(`account-${n}`, 'no-stream', [toAppend(opened('ada'))])),
    );
    await (await running()).stop();

    const { counted, stop, model } = await running();
    expect(counted.reads).toBe(0);
    expect((await model.query({ index: 'byOwner', limit: 10 })).items).toHaveLength(10);
    expect(counted.reads).toBeGreaterThan(0);

    await stop();
    await events.close();
    folder.remove();
  });
});
