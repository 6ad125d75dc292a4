import { given } from '@souk/event-sourcing/testing';
import { fold } from '@souk/event-sourcing';
import { cluster, type ClusterCommand } from './cluster.decide';
import { ClusterNotFound } from './cluster.errors';
import type { ClusterEvent } from './cluster.events';
import { noHostAccess } from './host-policy';

const clusterId = 'clu_1';
const description = {
  ...{ clusterId, ownerTenant: 'ten_b', name: 'workshop', shared: false },
  connection: { kind: 'kubeconfig', server: 'https://10.0.0.5:6443' },
  platforms: ['linux/amd64'],
  serviceAddressRange: '10.0.0.10-10.0.0.20',
} as const;
const registered: ClusterEvent = { type: 'ClusterRegistered', data: description };
const network: ClusterEvent = { type: 'HostPolicyGranted', data: { clusterId, grant: { kind: 'host-network' } } };
const change = (command: Partial<Extract<ClusterCommand, { type: 'ChangeCluster' }>>): ClusterCommand => ({
  type: 'ChangeCluster',
  clusterId,
  changes: {},
  ...command,
});

describe('A cluster', () => {
  it('allows nothing of its hosts when it is registered', () => {
    given(cluster)
      .when({ type: 'RegisterCluster', description: { ...description, hostPolicy: noHostAccess } })
      .then(registered);
    expect(fold(cluster, [registered])).toMatchObject({ description: { hostPolicy: noHostAccess } });
  });

  it('is registered with one fact for each thing that its owner grants', () => {
    const hostPolicy = { hostNetwork: true, hostPaths: [{ path: '/data', readOnly: true }], devices: [] };
    given(cluster)
      .when({ type: 'RegisterCluster', description: { ...description, hostPolicy } })
      .then(registered, network, {
        type: 'HostPolicyGranted',
        data: { clusterId, grant: { kind: 'host-path', path: '/data', readOnly: true } },
      });
  });

  it('had none granted that was registered before there were grants', () => {
    const old = { ...registered, data: { ...description, hostPolicy: { hostNetwork: false, hostPaths: [] } } };
    expect(fold(cluster, [old])).toMatchObject({ description: { hostPolicy: noHostAccess } });
  });

  it('is registered once', () =>
    given(cluster, registered)
      .when({ type: 'RegisterCluster', description: { ...description, hostPolicy: noHostAccess } })
      .thenNothing());

  it('has its description changed, and parts of it taken away', () => {
    const changes = { nas: { storageClass: 'nas' }, serviceAddressRange: null };
    const told: ClusterEvent = { type: 'ClusterDescriptionChanged', data: { clusterId, changes } };
    given(cluster, registered).when(change({ changes })).then(told);
    const { serviceAddressRange: _, ...rest } = description;
    expect(fold(cluster, [registered, told])).toEqual({
      status: 'registered',
      description: { ...rest, nas: { storageClass: 'nas' }, hostPolicy: noHostAccess },
    });
  });

  it('is changed by nothing that is so already', () =>
    given(cluster, registered, network)
      .when(
        change({
          changes: { platforms: ['linux/amd64'], nas: null, serviceAddressRange: '10.0.0.10-10.0.0.20' },
          hostPolicy: { ...noHostAccess, hostNetwork: true },
        }),
      )
      .thenNothing());

  it('has grants withdrawn', () => {
    const withdrawn: ClusterEvent = { type: 'HostPolicyWithdrawn', data: { clusterId, grant: { kind: 'host-network' } } };
    given(cluster, registered, network)
      .when(change({ hostPolicy: noHostAccess }))
      .then(withdrawn);
    expect(fold(cluster, [registered, network, withdrawn])).toMatchObject({ description: { hostPolicy: noHostAccess } });
  });

  it('is reached by another kubeconfig when its credentials were rotated', () => {
    const rotated: ClusterEvent = {
      type: 'ClusterCredentialsRotated',
      data: { clusterId, server: 'https://10.0.0.6:6443', credentials: 'second' },
    };
    given(cluster, registered)
      .when(change({ credentials: { server: 'https://10.0.0.6:6443', mark: 'second' } }))
      .then(rotated);
    expect(fold(cluster, [registered, rotated])).toMatchObject({
      credentials: 'second',
      description: { connection: { server: 'https://10.0.0.6:6443' } },
    });
  });

  it('that was removed is not changed any more', () =>
    given(cluster, registered, { type: 'ClusterRemoved', data: { clusterId } })
      .when(change({ hostPolicy: noHostAccess }))
      .thenRefused(ClusterNotFound));
});
