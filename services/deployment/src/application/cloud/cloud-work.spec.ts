import { Leases, SystemMonotonicClock } from '@souk/coordination';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import type { Page, ReadModel } from '@souk/read-store';
import { ids } from '../../../test/sample';
import { noResources, type Resource } from '../../domain/cloud/resources';
import type { CloudResourcesDoc } from '../../projections/cloud-resources.projection';
import type { DeploymentSettings } from '../deployment-settings';
import type { CloudResources } from './cloud-resources';
import { CloudWork } from './cloud-work';
import type { ResourceSteps } from './resource-steps';

const requested: Resource = {
  ...{ node: 'rds', operationId: ids.operationId, resourceId: 'r', attempt: 1, tries: 1, delays: 0, status: 'requested' },
  ...{
    spec: { service: 'broker-postgresql', plan: 'small', parameters: {}, specHash: 'h' },
    deadline: '2026-01-01T01:00:00.000Z',
  },
};

/** Documents that somebody else folds: it is said when that is heard of here. */
class Documents implements ReadModel<CloudResourcesDoc> {
  readonly listening: Promise<void>;
  listen: () => void = () => undefined;
  private readonly documents = new Map<string, CloudResourcesDoc>();
  private lists = 0;

  constructor(...instanceIds: readonly string[]) {
    this.listening = new Promise((resolve) => (this.listen = resolve));
    const rest = { ownerTenant: ids.buyer, providerTenant: ids.provider, resources: [requested], providers: [], working: true };
    for (const instanceId of instanceIds) this.documents.set(instanceId, { instanceId, ...rest });
  }
  get wasListed(): number {
    return this.lists;
  }
  remove(instanceId: string): void {
    this.documents.delete(instanceId);
  }
  get = async (instanceId: string) => this.documents.get(instanceId);
  query = async (): Promise<Page<CloudResourcesDoc>> => {
    this.lists++;
    return { items: [...this.documents.values()] };
  };
  checkpoint = () => undefined;
  waitFor = async () => undefined;
  changes = () => () => undefined;
}

describe('Work on managed resources', () => {
  const folder = temporaryFolder();
  let store: LmdbEventStore;
  beforeAll(async () => (store = await LmdbEventStore.open({ directory: folder.path })));
  afterAll(async () => {
    await store.close();
    folder.remove();
  });

  const leasesOf = (holder: string) => new Leases(store, new SystemMonotonicClock(), { holder, termMs: 10_000 });
  const until = async (holds: () => boolean): Promise<void> => {
    for (const end = Date.now() + 15_000; !holds(); await new Promise((resolve) => setTimeout(resolve, 5)))
      if (Date.now() > end) throw new Error('waited in vain');
  };

  it('is forgotten by who stands by, once another replica has done it', async () => {
    const [other, own] = [leasesOf('other'), leasesOf('own')];
    const held = other.keeper('cloud-resources');
    await held.start();
    const documents = new Documents('inst_done', 'inst_open');
    const asked: string[] = [];
    const of = async (instanceId: string) => {
      asked.push(instanceId);
      return noResources;
    };
    const work = new CloudWork(
      documents,
      { of } as unknown as CloudResources,
      undefined as unknown as ResourceSteps,
      undefined as unknown as DeploymentSettings,
      own,
    );
    work.onApplicationBootstrap();
    await until(() => documents.wasListed === 1);
    documents.remove('inst_done');
    documents.listen();
    await until(() => documents.wasListed === 2);

    await other.giveUp(held);
    await until(() => asked.includes('inst_open'));
    expect(asked).toEqual(['inst_open']);
    await work.beforeApplicationShutdown();
    await other.stop();
  });
});
