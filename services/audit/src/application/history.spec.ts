import { derivedUuid, type EventMetadata } from '@souk/event-sourcing';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import { newId } from '@souk/contracts';
import { NotFound } from '@souk/platform';
import { LmdbReadStore } from '@souk/read-store';
import type { HistoryEntry } from '../domain/history-entry';
import type { Viewer } from '../domain/visibility';
import { History } from './history';
import { HistoryIndexer } from './history-indexer';

const buyerTenant = newId('tenant');
const providerTenant = newId('tenant');
const instanceId = newId('instance');
const operationId = newId('operation');
const versionId = newId('version');

const platform: Viewer = { tenant: newId('tenant'), role: 'auditor', platformWide: true };
const buyer: Viewer = { tenant: buyerTenant, role: 'buyer', platformWide: false };
const provider: Viewer = { tenant: providerTenant, role: 'provider', platformWide: false };
const stranger: Viewer = { tenant: newId('tenant'), role: 'buyer', platformWide: false };

/** A lease as one replica believes in it. */
class Belief {
  private value = false;
  private listener: () => void = () => undefined;
  readonly activity = {
    held: () => this.value,
    changes: (listener: () => void) => {
      this.listener = listener;
      return () => undefined;
    },
  };
  async start(): Promise<void> {
    // Said from outside.
  }
  set(held: boolean): void {
    this.value = held;
    this.listener();
  }
}

/** A process as it is after a start: the stores outlive it. */
class Process {
  readonly indexer: HistoryIndexer;
  readonly history: History;
  constructor(events: LmdbEventStore, reads: LmdbReadStore, lease?: Belief) {
    this.indexer = new HistoryIndexer(events, reads, lease);
    this.history = new History(events, this.indexer, reads);
  }
}

describe('History', () => {
  const folder = temporaryFolder();
  let events: LmdbEventStore;
  let reads: LmdbReadStore;
  let process: Process;
  let made = 0;

  /** Appends one event, and answers its id. */
  const happen = async (
    stream: string,
    type: string,
    data: object,
    causationId = 'request-1',
    tenants = [buyerTenant, providerTenant],
  ) => {
    const metadata: EventMetadata = {
      commandId: `command-${made}`,
      correlationId: 'correlation-1',
      causationId,
      actor: { kind: 'user', id: 'usr_1' },
      tenants,
      schemaVersion: 1,
    };
    const id = derivedUuid('history', made++);
    await events.append(stream, 'any', [{ id, type, data, metadata }]);
    return id;
  };
  const typesOf = (page: { items: readonly HistoryEntry[] }) => page.items.map(({ type }) => type);

  let requested: string;
  let started: string;
  let ready: string;

  beforeAll(async () => {
    events = await LmdbEventStore.open({ directory: `${folder.path}/events` });
    reads = await LmdbReadStore.open({ directory: `${folder.path}/reads`, signingKey: Buffer.alloc(32, 7) });
    await happen(`version-${versionId}`, 'VersionReleased', { versionId, number: '1.0.0' }, 'request-0', [providerTenant]);
    await happen(`name-${'0'.repeat(64)}`, 'NameReserved', { name: 'line', by: instanceId }, 'request-1', [buyerTenant]);
    requested = await happen(`instance-${instanceId}`, 'InstanceRequested', { instanceId, versionId, parameters: { size: '3' } });
    started = await happen(
      `operation-${operationId}`,
      'OperationStarted',
      { operationId, instanceId, kind: 'deploy' },
      requested,
    );
    ready = await happen(`operation-${operationId}`, 'NodeBecameReady', { serviceName: 'mysql' }, started);
    process = new Process(events, reads);
    await process.indexer.start();
  });
  afterAll(async () => {
    await process.indexer.stop();
    await Promise.all([events.close(), reads.close()]);
    folder.remove();
  });

  describe('of an instance', () => {
    it('holds the events of its operations too, in order', async () => {
      const page = await process.history.page({ about: instanceId }, {}, platform);
      expect(typesOf(page)).toEqual(['InstanceRequested', 'OperationStarted', 'NodeBecameReady']);
    });

    it('is narrowed by type, category and time', async () => {
      const all = await process.history.page({ about: instanceId }, {}, platform);
      const last = all.items.at(-1)!.recordedAt;
      expect(typesOf(await process.history.page({ about: instanceId, type: 'NodeBecameReady' }, {}, platform))).toEqual([
        'NodeBecameReady',
      ]);
      expect(typesOf(await process.history.page({ about: instanceId, category: 'instance' }, {}, platform))).toEqual([
        'InstanceRequested',
      ]);
      expect(typesOf(await process.history.page({ about: instanceId, to: all.items[0]!.recordedAt }, {}, platform))).toEqual([]);
      expect(typesOf(await process.history.page({ about: instanceId, from: last }, {}, platform))).toContain('NodeBecameReady');
    });

    it('shows the machinery to those who ask for it', async () => {
      expect(typesOf(await process.history.page({ about: instanceId, category: 'name' }, {}, platform))).toEqual([
        'NameReserved',
      ]);
    });

    it('goes on page by page, in both directions', async () => {
      const newest = await process.history.page({ about: instanceId }, { order: 'descending', limit: 2 }, platform);
      expect(typesOf(newest)).toEqual(['NodeBecameReady', 'OperationStarted']);
      const rest = await process.history.page(
        { about: instanceId },
        { order: 'descending', limit: 2, cursor: newest.next! },
        platform,
      );
      expect(typesOf(rest)).toEqual(['InstanceRequested']);
    });

    it('is nothing for a stranger', async () => {
      expect(typesOf(await process.history.page({ about: instanceId }, {}, stranger))).toEqual([]);
    });
  });

  it('of everything is for each party what is theirs', async () => {
    const types = ['InstanceRequested', 'OperationStarted', 'NodeBecameReady'];
    expect(typesOf(await process.history.page({}, {}, platform))).toEqual(['VersionReleased', ...types]);
    expect(typesOf(await process.history.page({}, {}, provider))).toEqual(['VersionReleased', ...types]);
    expect(typesOf(await process.history.page({}, {}, buyer))).toEqual(types);
  });

  it('is exported whole', async () => {
    const exported: string[] = [];
    for await (const { type } of await process.history.all({ about: operationId }, {}, buyer)) exported.push(type);
    expect(exported).toEqual(['OperationStarted', 'NodeBecameReady']);
  });

  describe('of causes', () => {
    it('leads back to the request from outside', async () => {
      const { causes, root } = await process.history.causes(ready, buyer);
      expect(causes.map(({ type }) => type)).toEqual(['OperationStarted', 'InstanceRequested']);
      expect(root).toEqual({ requestId: 'request-1', correlationId: 'correlation-1' });
    });

    it('leads on to what followed', async () => {
      expect(typesOf(await process.history.effects(requested, {}, buyer))).toEqual(['OperationStarted']);
      expect(typesOf(await process.history.effects(ready, {}, buyer))).toEqual([]);
    });

    it.each([
      ['missing', () => 'no-such-event'],
      ['foreign', () => ready],
    ])('does not know an event that is %s', async (_, eventId) => {
      await expect(process.history.causes(eventId(), stranger)).rejects.toThrow(NotFound);
      await expect(process.history.effects(eventId(), {}, stranger)).rejects.toThrow(NotFound);
    });
  });

  it('holds what was recorded just before the question', async () => {
    await happen(`operation-${operationId}`, 'OperationSucceeded', {}, started);
    expect(typesOf(await process.history.page({ about: instanceId }, { order: 'descending', limit: 1 }, buyer))).toEqual([
      'OperationSucceeded',
    ]);
    expect(await process.indexer.stats()).toMatchObject({ behind: 0, status: 'running' });
  });

  it('goes on after a restart, and holds everything once', async () => {
    await process.indexer.stop();
    await happen(`operation-${operationId}`, 'OperationReviewed', {}, started);
    process = new Process(events, reads);
    await process.indexer.start();
    expect(typesOf(await process.history.page({ about: instanceId }, {}, platform))).toEqual([
      'InstanceRequested',
      'OperationStarted',
      'NodeBecameReady',
      'OperationSucceeded',
      'OperationReviewed',
    ]);
  });

  describe('of replicas that share it', () => {
    it('is indexed by one, complete for all of them, and goes on with another', async () => {
      await process.indexer.stop();
      const beliefs = [new Belief(), new Belief()] as const;
      const [one, two] = beliefs.map((belief) => new Process(events, reads, belief)) as [Process, Process];
      beliefs[0].set(true);
      await one.indexer.start();
      await two.indexer.start();
      await happen(`operation-${operationId}`, 'FirstHappened', {}, started);
      const newest = { order: 'descending', limit: 1 } as const;
      for (const { history } of [two, one])
        expect(typesOf(await history.page({ about: instanceId }, newest, buyer))).toEqual(['FirstHappened']);
      expect(await two.indexer.stats()).toMatchObject({ behind: 0, status: 'following' });

      beliefs[0].set(false);
      await happen(`operation-${operationId}`, 'SecondHappened', {}, started);
      beliefs[1].set(true);
      for (const { history } of [one, two])
        expect(typesOf(await history.page({ about: instanceId }, newest, buyer))).toEqual(['SecondHappened']);
      expect([(await one.indexer.stats()).status, (await two.indexer.stats()).status]).toEqual(['following', 'running']);
      await one.indexer.stop();
      await two.indexer.stop();
    });
  });

  it('is kept by every replica that has a read store of its own, whoever has the lease', async () => {
    const leases = {
      keeper: () => {
        throw new Error('no lease is asked for');
      },
    };
    const indexer = HistoryIndexer.among(events, reads, leases);
    await indexer.onApplicationBootstrap();
    await happen('app-own', 'AppListed', {});
    await indexer.waitFor(await events.head(), 10_000);
    expect((await indexer.stats()).status).toBe('running');
    await indexer.stop();
  });
});
