import { given } from '@souk/event-sourcing/testing';
import { deployed } from '../../../test/paper-story';
import { ids, shop, toRender } from '../../../test/sample';
import { type Condition, conditionOf, moreTelling } from './health';
import { health } from './health.decide';
import type { HealthEvent } from './health.events';
import type { WaitCode } from '../operations/operation.events';
import { renderInstance } from '../render/render-instance';

const of = { instanceId: ids.instanceId, ownerTenant: ids.buyer, providerTenant: ids.provider };
const unready = (code: WaitCode, node = 'tomcat') => ({ node, code, reason: code as string });
const degraded = (...codes: WaitCode[]): Condition => ({ health: 'degraded', nodes: codes.map((code) => unready(code)) });
const healthy: Condition = { health: 'healthy', nodes: [] };
const tell = (condition: Condition) => ({ type: 'TellCondition', of, condition }) as const;
const sick: HealthEvent = { type: 'InstanceBecameUnhealthy', data: { ...of, ...degraded('crash-loop'), health: 'degraded' } };
const differences = [{ kind: 'Service', name: 'web', what: 'is gone' }];

describe('Health of an instance', () => {
  it('is not told as long as it is well', () => given(health).when(tell(healthy)).thenNothing());
  it('is told when it becomes unwell', () =>
    given(health)
      .when(tell(degraded('crash-loop')))
      .then(sick));
  it('is not told with every crash', () =>
    given(health, sick)
      .when(tell(degraded('not-ready')))
      .thenNothing());
  it('is told when it is well again', () =>
    given(health, sick).when(tell(healthy)).then({ type: 'InstanceBecameHealthy', data: of }));
  it('tells drift once, and its end', () => {
    const found: HealthEvent = { type: 'DriftFound', data: { ...of, differences } };
    given(health).when({ type: 'TellDrift', of, differences }).then(found);
    given(health, found).when({ type: 'TellDrift', of, differences }).thenNothing();
    given(health, found).when({ type: 'TellDrift', of, differences: [] }).then({ type: 'DriftGone', data: of });
  });

  const rendered = renderInstance(toRender(shop));
  it('is good where all nodes are rolled out', () => {
    expect(conditionOf(rendered, deployed().cluster.observed())).toEqual(healthy);
  });
  it('is degraded where some are not, failed where none is', () => {
    const { cluster } = deployed();
    cluster.addPod('tomcat', { containerStatuses: [{ name: 'tomcat', state: { waiting: { reason: 'CrashLoopBackOff' } } }] });
    expect(conditionOf(rendered, cluster.observed())).toMatchObject({
      health: 'degraded',
      nodes: [{ node: 'tomcat', code: 'crash-loop' }],
    });
    expect(conditionOf(rendered, { objects: [] }).health).toBe('failed');
  });
  it('says the more telling of two reasons', () => {
    expect(moreTelling(degraded('crash-loop'), degraded('not-ready'))).toEqual(degraded('crash-loop'));
    expect(moreTelling(degraded('not-ready'), degraded('crash-loop'))).toEqual(degraded('crash-loop'));
  });
});
