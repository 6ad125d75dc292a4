import { platformTenant } from '@souk/contracts';
import { positionOf } from '@souk/event-sourcing';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import type { RequestContext } from '@souk/platform';
import { type Collection, LmdbReadStore, type ReadModel } from '@souk/read-store';
import { countReads } from '@souk/read-store/testing';
import { InstanceController } from '../src/edges/instances/instance.controller';
import type { ClusterDoc } from '../src/projections/clusters.projection';
import { type InstanceDoc, instancesProjection, OPERATORS } from '../src/projections/instances.projection';

const LIMIT = 50;
const statuses = ['running', 'degraded'] as const;
const principals = [
  { role: 'buyer', tenant: 'ten_buyer' },
  { role: 'operator', tenant: platformTenant },
] as const;
const questions = [
  {},
  { status: 'degraded' as const },
  { clusterId: 'clu_1' },
  { clusterId: 'clu_0', status: 'running' as const },
];

/** Every second one is degraded; they lie by twos on two clusters. */
function instanceOf(n: number): InstanceDoc {
  const instanceId = `inst_${String(n).padStart(26, '0')}`;
  return {
    ...{ instanceId, name: `shop ${n}`, ownerTenant: 'ten_buyer', providerTenant: 'ten_provider' },
    viewers: ['ten_buyer', 'ten_provider', OPERATORS],
    ...{ appId: 'app_1', versionId: 'ver_1', versionNumber: '1.0.0', snapshot: 'a'.repeat(64), configuration: 'standard' },
    ...{ clusterId: `clu_${Math.floor(n / 2) % 2}`, origin: { kind: 'trial' }, released: true, status: statuses[n % 2]! },
    ...{ lastOperationId: 'op_1', working: false, nodes: [], completedInit: [], revision: 1 },
    ...{ driftPolicy: 'correct', stopped: false },
    ...{ createdAt: new Date(n).toISOString(), updatedAt: new Date(n).toISOString() },
  };
}

describe('A page of instances', () => {
  const folder = temporaryFolder();
  const stores: LmdbReadStore[] = [];
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    folder.remove();
  });

  /** How many documents and index entries the store reads for each page: the first one and the one after it. */
  const readsAmong = async (count: number) => {
    const store = await LmdbReadStore.open({ directory: `${folder.path}/${count}`, signingKey: Buffer.alloc(32, 1) });
    stores.push(store);
    const collection = store.open<InstanceDoc>(instancesProjection);
    for (let n = 0; n < count; n += 500) {
      const docs = Array.from({ length: 500 }, (_, i) => instanceOf(n + i));
      const position = positionOf('lists000', n + 500);
      await collection.commit(
        docs.map((doc) => ({ id: doc.instanceId, doc, position })),
        position,
      );
    }
    const counted = countReads(store);
    const controller = controllerOf(collection);
    const pages: { items: number; reads: number }[] = [];
    for (const principal of principals)
      for (const question of questions) {
        let cursor: string | undefined;
        for (let page = 1; page <= 2; page++) {
          const before = counted.reads;
          const { items, next } = await controller.list({ ...question, limit: LIMIT, ...(cursor && { cursor }) }, {
            principal,
          } as unknown as RequestContext);
          pages.push({ items: items.length, reads: counted.reads - before });
          cursor = next;
        }
      }
    return pages;
  };

  it('reads as much among 10,000 as among 500, whoever asks, with any filter, on any page', async () => {
    const among10000 = await readsAmong(10_000);
    expect(among10000).toEqual(await readsAmong(500));
    expect(among10000.every(({ items }) => items === LIMIT)).toBe(true);
  });
});

function controllerOf(collection: Collection<InstanceDoc>): InstanceController {
  const nobody = undefined as never;
  const noClusters = { get: () => Promise.resolve(undefined) } as unknown as ReadModel<ClusterDoc>;
  return new InstanceController(
    nobody,
    nobody,
    nobody,
    collection as unknown as ReadModel<InstanceDoc>,
    nobody,
    noClusters,
    nobody,
  );
}
