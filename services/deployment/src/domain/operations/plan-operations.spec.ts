import { deployed, Story } from '../../../test/paper-story';
import { ids, schema, shop, started, toRender } from '../../../test/sample';
import type { OperationKind } from '../instances/instance.events';
import { plan } from './plan';
import { renderInstance, type RenderedInstance } from '../render/render-instance';

const stoppedShop = renderInstance(toRender(shop, { stopped: true }));
const operation = (kind: OperationKind, instance: RenderedInstance, from = deployed()) => {
  from.cluster.applied.length = 0;
  const story = new Story(instance, from.cluster, started({ operationId: `op_${kind}`, kind }));
  story.completedInit = new Set(['schema']);
  if (kind === 'stop') story.before = instance;
  return story;
};
const workloads = (applied: readonly string[]) => applied.filter((key) => key.startsWith('Deployment/'));

describe('plan', () => {
  it('of a stop scales those down first that depend on others', () => {
    const story = operation('stop', stoppedShop);
    story.rest();
    expect(workloads(story.cluster.applied)).toEqual(['Deployment/tomcat']);
    story.cluster.makeReady('tomcat');
    story.rest();
    expect(workloads(story.cluster.applied)).toEqual(['Deployment/tomcat', 'Deployment/mysql']);
    story.cluster.makeReady('mysql');
    story.rest();
    expect(story.operation.status).toBe('succeeded');
  });

  it('of a stopped instance lets init nodes wait until it is started', () => {
    const story = operation('upgrade', stoppedShop);
    story.completedInit = new Set();
    const desired = {
      instance: stoppedShop,
      operation: story.operation,
      completedInit: new Set<string>(),
      stopped: true,
      clock: story.clock,
    };
    const applied = plan(desired, story.cluster.observed()).flatMap((action) =>
      action.type === 'apply' ? [action.object.kind] : [],
    );
    expect(applied).not.toContain('Job');
  });

  it('of any operation takes a node for ready that somebody says is', () => {
    const story = new Story(renderInstance(toRender(shop)));
    story.rest();
    const of = { operationId: ids.operationId, instanceId: ids.instanceId };
    story.record({ type: 'NodeOverridden', data: { ...of, node: 'mysql', reason: 'it runs' } });
    expect(story.rest()).toContain('apply Job/schema');
    story.record({ type: 'NodeOverridden', data: { ...of, node: 'schema', reason: 'done by hand' } });
    story.rest();
    story.cluster.makeReady('tomcat');
    story.rest();
    expect(story.operation.status).toBe('succeeded');
    expect(story.operation.completedInit).toEqual(new Set());
  });

  it('of a correction touches what differs, and nothing that only is rendered otherwise by now', () => {
    const today = renderInstance(
      toRender({ ...shop, nodes: shop.nodes.map((node) => (node === schema ? node : { ...node, env: { NEW: '1' } })) }),
    );
    const from = deployed();
    from.cluster.carryOut({ type: 'delete', reference: { apiVersion: 'v1', kind: 'Service', name: 'tomcat', uid: '' } });
    const story = operation('correct', today, from);
    expect(story.rest()).toContain('OperationSucceeded');
    expect(story.cluster.applied).toEqual(['Service/tomcat']);
  });
});
