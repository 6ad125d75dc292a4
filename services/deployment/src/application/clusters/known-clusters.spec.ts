import { CommandHandler } from '@souk/event-sourcing';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import { cluster } from '../../domain/clusters/cluster.decide';
import { ids } from '../../../test/sample';
import { KnownClusters } from './known-clusters';

describe('A known cluster', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let store: LmdbEventStore;
  beforeEach(async () => {
    folder = temporaryFolder();
    store = await LmdbEventStore.open({ directory: folder.path });
  });
  afterEach(async () => {
    await store.close();
    folder.remove();
  });

  const append = (type: string, data: object, revision: number) => {
    const actor = { kind: 'system', id: 'spec' } as const;
    const causes = { commandId: `c${revision}`, correlationId: 'c', causationId: 'c' };
    const metadata = { ...causes, actor, tenants: [], schemaVersion: 1 };
    return store.append(`cluster-${ids.clusterId}`, revision < 0 ? 'no-stream' : revision, [
      { id: `00000000-0000-4000-8000-00000000000${revision + 1}`, type, data, metadata },
    ]);
  };

  it('is as its whole stream says, whenever it is asked for', async () => {
    const commands = new CommandHandler(store);
    const clusters = new KnownClusters(commands);
    expect((await clusters.now(ids.clusterId)).state).toEqual({ status: 'unknown' });
    const { clusterId, buyer: ownerTenant } = ids;
    const registered = { clusterId, ownerTenant, name: 'Dairy', shared: false, connection: { kind: 'simulated' }, platforms: [] };
    await append('ClusterRegistered', registered, -1);
    expect(await clusters.now(clusterId)).toEqual(await commands.load(cluster, clusterId));
    await append('ClusterDescriptionChanged', { clusterId, changes: { region: 'north' } }, 0);
    const { state, revision } = await clusters.now(clusterId);
    expect([revision, state]).toMatchObject([1, { status: 'registered', description: { name: 'Dairy', region: 'north' } }]);
  });
});
