import type { ClusterObject } from '../cluster-object';
import { isOutcome } from './observe';

const object = (kind: string, status: object = {}, more: object = {}): ClusterObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'web', generation: 2, ...more },
  spec: { replicas: 1 },
  status,
});
const whole = { observedGeneration: 2, replicas: 1, updatedReplicas: 1, availableReplicas: 1 };

describe('What operations wait for', () => {
  it.each([
    ['a workload that is rolled out', object('Deployment', whole)],
    ['one that is on its way out', object('StatefulSet', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
    ['a job that has ended', object('Job', { conditions: [{ type: 'Complete', status: 'True' }] })],
    ['a job that has failed', object('Job', { conditions: [{ type: 'Failed', status: 'True' }] })],
    ['an address', object('Service', { loadBalancer: { ingress: [{ ip: '10.0.0.1' }] } })],
    ['a namespace that goes', object('Namespace', { phase: 'Terminating' })],
  ])('is %s', (_, seen) => expect(isOutcome(seen)).toBe(true));

  it.each([
    ['a workload of which a replica is not available', object('Deployment', { ...whole, availableReplicas: 0 })],
    [
      'one whose cluster has not taken notice of what was applied last',
      object('Deployment', { ...whole, observedGeneration: 1 }),
    ],
    ['one with replicas of an older spec', object('StatefulSet', { ...whole, replicas: 2 })],
    ['a job that runs', object('Job', { active: 1 })],
    ['a pod, whatever it says', object('Pod', { phase: 'Running' })],
    ['a quota that is used', object('ResourceQuota', { used: { pods: '1' } })],
  ])('is not %s', (_, seen) => expect(isOutcome(seen)).toBe(false));
});
