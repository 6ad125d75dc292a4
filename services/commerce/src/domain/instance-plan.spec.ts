import type { AppView, VersionView } from '@souk/contracts';
import {
  AppArchived,
  AppNotDeliveredAsInstance,
  AppNotFound,
  NoReleasedVersion,
  VersionNotFound,
  VersionNotReleased,
} from './fulfilment.errors';
import { defaultInstanceName, requestOf, startOf } from './instance-plan';
import type { OrderPaid } from './purchase.events';

const app: AppView = {
  appId: 'app_1',
  providerTenant: 'ten_provider',
  name: 'Line Monitor',
  distributionType: 'instance',
  hostingMode: 'edge',
  platforms: ['linux/amd64'],
  status: 'listed',
};
const version: VersionView = {
  versionId: 'ver_1',
  appId: 'app_1',
  providerTenant: 'ten_provider',
  number: '1.2.0',
  status: 'released',
};
const order: OrderPaid['data'] = {
  purchaseId: 'pur_01J0000000000000004XK2VQ',
  source: 'https://billing.example',
  orderId: 'order-1',
  billingTenant: 'ten_billing',
  sequence: 1,
  buyerTenant: 'ten_buyer',
  appId: 'app_1',
  configuration: 'edge',
  clusterId: 'clu_1',
  parameters: { adminEmail: 'a@b.example' },
  secrets: { dbPassword: 'line-1' },
};

type Unsellable = [string, new (...args: never[]) => Error, OrderPaid['data'], AppView | undefined, VersionView | undefined];

describe('What an order gets', () => {
  it('is an instance of the version, under a name made from the app', () => {
    expect(startOf(order, app, version, 'inst_1')).toEqual({
      purchaseId: order.purchaseId,
      sequence: 1,
      instanceId: 'inst_1',
      instanceName: 'line-monitor-4xk2vq',
      versionId: 'ver_1',
      providerTenant: 'ten_provider',
    });
  });

  it('bears the name that was ordered', () => {
    expect(startOf({ ...order, instanceName: 'hall 3' }, app, version, 'inst_1').instanceName).toBe('hall 3');
  });

  it.each<Unsellable>([
    ['its app does not exist', AppNotFound, order, undefined, version],
    ['its app is archived', AppArchived, order, { ...app, status: 'archived' }, version],
    [
      'its app is not delivered as an instance',
      AppNotDeliveredAsInstance,
      order,
      { ...app, distributionType: 'account' },
      version,
    ],
    ['the app has no released version', NoReleasedVersion, order, app, undefined],
    ['its version does not exist', VersionNotFound, { ...order, versionId: 'ver_9' }, app, undefined],
    ['its version is of another app', VersionNotFound, { ...order, versionId: 'ver_1' }, app, { ...version, appId: 'app_2' }],
    ['its version is a draft', VersionNotReleased, { ...order, versionId: 'ver_1' }, app, { ...version, status: 'draft' }],
    ['its version was withdrawn', VersionNotReleased, { ...order, versionId: 'ver_1' }, app, { ...version, status: 'withdrawn' }],
  ])('is nothing when %s', (_, error, ordered, knownApp, knownVersion) => {
    expect(() => startOf(ordered, knownApp, knownVersion, 'inst_1')).toThrow(error);
  });

  it('is asked for with everything the buyer ordered', () => {
    const started = { status: 'started', sequence: 1, instanceId: 'inst_1', instanceName: 'line', versionId: 'ver_1' } as const;
    expect(requestOf(order, started)).toEqual({
      instanceId: 'inst_1',
      name: 'line',
      ownerTenant: 'ten_buyer',
      versionId: 'ver_1',
      configuration: 'edge',
      clusterId: 'clu_1',
      parameters: { adminEmail: 'a@b.example' },
      secrets: { dbPassword: 'line-1' },
      purchaseId: order.purchaseId,
    });
  });

  it('is asked for in the region that was ordered, where no cluster was', () => {
    const started = { status: 'started', sequence: 1, instanceId: 'inst_1', instanceName: 'line', versionId: 'ver_1' } as const;
    const { clusterId: _, ...hosted } = order;
    const request = requestOf({ ...hosted, configuration: 'cloud', region: 'eu-central' }, started);
    expect(request).toMatchObject({ configuration: 'cloud', region: 'eu-central' });
    expect(request).not.toHaveProperty('clusterId');
  });

  it.each([
    ['Line Monitor', 'line-monitor-4xk2vq'],
    ['  Über·Café! ', 'uber-cafe-4xk2vq'],
    ['温度计', 'app-4xk2vq'],
    ['x'.repeat(100), `${'x'.repeat(40)}-4xk2vq`],
  ])('is named after an app called %j', (name, expected) => {
    expect(defaultInstanceName(name, order.purchaseId)).toBe(expected);
  });
});
