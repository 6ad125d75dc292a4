import type { MessageEvent } from '@nestjs/common';
import { sampleEvents, temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import { firstValueFrom, skipWhile, take, toArray } from 'rxjs';
import { streamEvents } from './stream-events';

describe('Server-sent events of a stream', () => {
  const folder = temporaryFolder();
  let store: LmdbEventStore;
  beforeAll(async () => {
    store = await LmdbEventStore.open({ directory: folder.path });
  });
  afterAll(async () => {
    await store.close();
    folder.remove();
  });
  const listen = (stream: string, lastEventId?: string) =>
    streamEvents(store, stream, lastEventId, ({ type }) => ({ type, data: {} }), 1);
  const isSign = ({ type }: MessageEvent) => type === 'heartbeat';

  it('show signs of life under the id of what was told last, so that whoever comes back after one misses nothing', async () => {
    const { position } = await store.append('app-1', 'any', sampleEvents(1));

    const [told, sign] = await firstValueFrom(listen('app-1').pipe(skipWhile(isSign), take(2), toArray()));
    expect([told!.id, sign]).toEqual([position, { id: position, type: 'heartbeat', data: {} }]);
    expect(await firstValueFrom(listen('app-1', position))).toEqual(sign);
  });

  it('have an empty id, which clients do not send, where nothing was told yet', async () => {
    expect(await firstValueFrom(listen('app-2'))).toEqual({ id: '', type: 'heartbeat', data: {} });
  });
});
