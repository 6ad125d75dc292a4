import { given, snapshotLaws } from '@souk/event-sourcing/testing';
import fc from 'fast-check';
import { type Observe, reachability } from './reachability.decide';
import type { ClusterSight, ReachabilityEvent } from './reachability.events';

const about = { clusterId: 'clu_1', ownerTenant: 'ten_b' };
const sight: ClusterSight = { version: 'v1.32.0', hosts: 3, allocatable: { cpu: '12', memory: '24Gi' } };
const silence = { code: 'cluster-unreachable', detail: 'no answer within 5000 ms' };
const look = (seen: Observe['seen']): Observe => ({ type: 'Observe', ...about, seen });
const reachable: ReachabilityEvent = { type: 'ClusterBecameReachable', data: { ...about, sight } };
const unreachable: ReachabilityEvent = { type: 'ClusterBecameUnreachable', data: { ...about, ...silence } };

describe('A cluster that is watched', () => {
  it('is reachable from its first answer on', () => given(reachability).when(look({ sight })).then(reachable));
  it('is no news while it answers as before', () => given(reachability, reachable).when(look({ sight })).thenNothing());
  it('is news when it has other hosts', () =>
    given(reachability, reachable)
      .when(look({ sight: { ...sight, hosts: 4 } }))
      .then({ type: 'ClusterSightChanged', data: { ...about, sight: { ...sight, hosts: 4 } } }));
  it('is unreachable when it does not answer', () => given(reachability, reachable).when(look(silence)).then(unreachable));
  it('is no news while it does not answer, whatever the reason', () =>
    given(reachability, reachable, unreachable)
      .when(look({ ...silence, detail: 'connection refused' }))
      .thenNothing());
  it('is reachable again when it answers', () =>
    given(reachability, reachable, unreachable).when(look({ sight })).then(reachable));

  snapshotLaws(reachability, fc.constantFrom(look({ sight }), look({ sight: { ...sight, version: 'v1.33.0' } }), look(silence)));
});
