import type { Filter } from '@eventstore/db-client';
import { positionOf } from '@souk/event-sourcing';
import { PassThrough } from 'node:stream';
import { AllFeed } from './all-feed';
import type { Connection } from './connection';
import { loadDriver } from './driver';
import { Tail } from './tail';

/** What the server sends to a subscription, under the hand of the spec. */
class Subscriptions {
  readonly opened: { readonly after: number; readonly source: PassThrough; readonly filter: Filter }[] = [];

  subscribeToAll(after: number, filter: Filter): PassThrough {
    const source = Object.assign(new PassThrough({ objectMode: true }), { unsubscribe: () => Promise.resolve() });
    this.opened.push({ after, source, filter });
    return source;
  }

  event(commit: number): void {
    const metadata = { commandId: `command-${commit}` };
    const event = { streamId: 'a-1', type: 'Happened', isJson: true, id: `${commit}`, data: {}, metadata, created: new Date() };
    const position = { commit: BigInt(commit), prepare: BigInt(commit) };
    this.opened.at(-1)!.source.write({ event: { ...event, revision: 0n, position } });
  }

  checkpoint(commit: number): void {
    const { source, filter } = this.opened.at(-1)!;
    const position = { commit: BigInt(commit), prepare: BigInt(commit) };
    void (filter.checkpointReached as (source: unknown, at: typeof position) => unknown)(source, position);
  }
}

describe('AllFeed', () => {
  const generation = 'aaaaaaaa';
  let subscriptions: Subscriptions;
  let feed: AllFeed;
  let stop: () => void;

  beforeEach(async () => {
    subscriptions = new Subscriptions();
    const connection = Object.assign(subscriptions, { driver: await loadDriver() }) as unknown as Connection;
    const options = { generation, limit: 16, stallMs: 60_000, onTrouble: () => undefined };
    feed = new AllFeed(connection, new Tail(connection, 60_000), 0, { streamPrefixes: ['a-'] }, options);
    stop = feed.onMore(() => undefined);
  });
  afterEach(() => stop());

  it('moves on to a checkpoint when everything before it was read', () => {
    subscriptions.event(3);
    subscriptions.checkpoint(9);
    expect(feed.read().events).toHaveLength(1);
    expect(feed.seen()).toBe(positionOf(generation, 9));
  });

  it('stays before what was not read when the subscription broke off, whatever checkpoint came after that', async () => {
    subscriptions.event(3);
    subscriptions.checkpoint(9);
    subscriptions.opened[0]!.source.emit('error', new Error('the server is gone'));
    expect(feed.read().events).toEqual([]);
    expect(feed.seen()).toBe(positionOf(generation, 0));
    await new Promise<void>((resolve) => {
      const look = (): void => (subscriptions.opened.length > 1 ? resolve() : void setTimeout(look, 5));
      look();
    });
    expect(subscriptions.opened[1]!.after).toBe(0);
    expect(feed.read().events).toEqual([]);
    expect(feed.seen()).toBe(positionOf(generation, 0));
    subscriptions.event(3);
    expect(feed.read().events).toHaveLength(1);
  });
});
