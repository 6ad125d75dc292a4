import { configurationOf, ids, operationAfter, started, tomcat, toRender } from '../../../test/sample';
import { PaperCluster } from '../../../test/paper-cluster';
import { fold } from '@souk/event-sourcing';
import type { Topology } from '@souk/topology';
import { cloudNodesOf, credentialsReadIn } from '../cloud/cloud-node';
import { differencesOf } from '../health/drift';
import { evolveOperation, nextDeadline, type StartedOperation } from './operation';
import type { OperationStarted } from './operation.events';
import { type Action, type Desired, plan } from './plan';
import { type RenderedInstance, renderInstance } from '../render/render-instance';
import { noResources, type Resources } from '../cloud/resources';
import { resources as aggregate } from '../cloud/resources.decide';
import type { ResourceEvent } from '../cloud/resources.events';

const clock = {
  now: '2026-01-01T00:00:00.000Z',
  deadline: '2026-01-01T00:10:00.000Z',
  slowDeadline: '2026-01-01T00:09:50.000Z',
  nodeTimeoutMs: 600_000,
  patience: {},
};

const topologyOf = (plan = 'small', field = 'uri', arrow = true): Topology => ({
  nodes: [
    { ...tomcat, serviceName: 'web', replicas: 1, serviceType: 'ClusterIP', env: { DB: `\${node.rds.${field}}` } },
    { serviceName: 'rds', category: 'cloud', cloud: { service: 'simulated-mysql', plan } },
  ],
  arrows: arrow ? [{ from: 'web', to: 'rds' }] : [],
  parameters: {},
  secrets: {},
});

/** Somebody who wants an instance with a cloud node, on a cluster and in a cloud on paper. */
class CloudStory {
  readonly cluster = new PaperCluster();
  clock = clock;
  resources: Resources = noResources;
  operation: StartedOperation;

  constructor(
    readonly topology = topologyOf(),
    data: Partial<OperationStarted['data']> = {},
  ) {
    this.operation = operationAfter(started({ waves: [['rds'], ['web']], ...data }));
  }

  rendered(): RenderedInstance {
    const bindings = [...this.resources.byNode.values()].flatMap((known) =>
      'version' in known ? [[known.node, known.version] as const] : [],
    );
    const configuration = configurationOf(this.topology);
    const stopped = this.operation.started.kind === 'stop';
    return renderInstance(toRender(this.topology, { configuration, cloudBindings: new Map(bindings), stopped }));
  }

  plan(): Action[] {
    const { kind } = this.operation.started;
    const left = [
      { name: 'web', dependsOn: ['rds'] },
      { name: 'rds', dependsOn: [] },
    ];
    const desired: Desired = {
      ...{ operation: this.operation, completedInit: new Set<string>(), clock: this.clock },
      ...{ cloud: cloudNodesOf(this.topology), reads: credentialsReadIn(this.topology) },
      ...(kind === 'stop' && { stopped: true, left }),
      ...(kind !== 'delete' && { instance: this.rendered() }),
    };
    return plan(desired, { ...this.cluster.observed(), resources: this.resources.byNode });
  }

  /** Everything that can be done now; what it does about nodes is told. */
  rest(): string[] {
    const told: string[] = [];
    for (let actions = this.plan(); actions.length > 0; actions = this.plan()) {
      for (const action of actions) {
        this.carryOut(action);
        const name = nodeAction(action);
        if (name !== undefined) told.push(name);
      }
    }
    return told;
  }

  /** The cloud does what was asked of it, as far as this. */
  happens(...types: ('ResourcePlaced' | 'ResourceProvisioned' | 'ResourceBound' | 'ResourceDeprovisioned')[]): this {
    for (const type of types) this.tell({ type, data: { ...this.of, ...details[type] } } as ResourceEvent);
    return this;
  }

  tell(event: ResourceEvent): void {
    this.resources = fold({ ...aggregate, initial: this.resources }, [event]);
  }

  get of() {
    const { instanceId, operationId } = this.operation.started;
    return { instanceId, operationId, node: 'rds' };
  }

  private carryOut(action: Action): void {
    if (action.type === 'record') this.operation = evolveOperation(this.operation, action.fact) as StartedOperation;
    else if (action.type === 'want' || action.type === 'release') this.ask(action);
    else this.cluster.carryOut(action);
  }

  private ask(action: Extract<Action, { type: 'want' | 'release' }>): void {
    const parties = { ownerTenant: ids.buyer, providerTenant: ids.provider, deadline: clock.deadline };
    const command =
      action.type === 'want'
        ? ({ type: 'WantResource', data: { ...this.of, ...action.spec, ...parties } } as const)
        : ({ type: 'ReleaseResource', data: this.of } as const);
    for (const event of aggregate.decide(command, this.resources)) this.tell(event);
  }
}

const details = {
  ResourcePlaced: { provider: 'simulated', serviceId: 's', planId: 'p', bindable: true },
  ResourceProvisioned: {},
  ResourceBound: { version: 1, credentials: ['host', 'uri'] },
  ResourceDeprovisioned: { confirmed: true },
};

function nodeAction(action: Action): string | undefined {
  if (action.type === 'want' || action.type === 'release') return `${action.type} ${action.node}`;
  if (action.type === 'record')
    return 'node' in action.fact.data ? `${action.fact.type} ${action.fact.data.node}` : action.fact.type;
  return action.type === 'apply' && action.node !== undefined ? `apply ${action.object.kind}/${action.node}` : undefined;
}

const bound = (topology?: Topology) => {
  const story = new CloudStory(topology);
  story.rest();
  return story.happens('ResourcePlaced', 'ResourceProvisioned', 'ResourceBound');
};

describe('A plan with a cloud node', () => {
  it('asks for it once, waits, and goes on when it is bound', () => {
    const story = new CloudStory();
    expect(story.rest()).toEqual(['want rds', 'NodeWaiting rds']);
    story.happens('ResourcePlaced', 'ResourceProvisioned');
    expect(story.rest()).toEqual([]);
    story.happens('ResourceBound');
    expect(story.rest()).toEqual([
      'NodeBecameReady rds',
      'apply Secret/web',
      'apply Service/web',
      'apply Deployment/web',
      'NodeApplied web',
    ]);
    story.cluster.makeReady('web');
    expect(story.rest()).toEqual(['NodeBecameReady web', 'OperationSucceeded']);
  });

  it('touches nobody who reads its credentials before they are there, whether there is an arrow or not', () => {
    const story = new CloudStory(topologyOf('small', 'uri', false));
    expect(story.rest()).toEqual(['want rds', 'NodeWaiting rds']);
    story.happens('ResourcePlaced', 'ResourceProvisioned', 'ResourceBound');
    expect(story.rest()).toContain('apply Deployment/web');
  });

  it('ends where somebody reads a credential that there is not', () => {
    const story = bound(topologyOf('small', 'password'));
    expect(story.rest()).toEqual(['NodeBecameReady rds', 'OperationFailed web']);
    expect(story.operation).toMatchObject({ failure: { code: 'credential-missing', node: 'web' } });
  });

  it('ends where it can’t be had, and asks no more', () => {
    const story = new CloudStory();
    story.rest();
    story.tell({ type: 'ResourceFailed', data: { ...story.of, reason: 'no such plan', left: false, passing: false } });
    expect(story.rest()).toEqual(['OperationFailed rds']);
    expect(story.operation).toMatchObject({ failure: { code: 'cloud-refused', node: 'rds' } });
    expect(story.rest()).toEqual([]);
  });

  it('waits for what may have been made to be gone before it says that it has failed', () => {
    const story = new CloudStory();
    story.rest();
    story.happens('ResourcePlaced');
    story.tell({ type: 'ResourceFailed', data: { ...story.of, reason: 'no answer', left: true, passing: false } });
    expect(story.rest()).toEqual([]);
    story.happens('ResourceDeprovisioned');
    expect(story.rest()).toEqual(['OperationFailed rds']);
  });

  describe('whose resource of before is on its way out', () => {
    const wantsAgain = () => {
      const before = bound();
      before.tell({ type: 'ResourceReleased', data: { ...before.of, operationId: 'op_before' } });
      const story = new CloudStory(topologyOf(), { operationId: 'op_after', kind: 'upgrade' });
      story.resources = before.resources;
      return story;
    };

    it('waits until that is gone, and asks for another one', () => {
      const story = wantsAgain();
      expect(story.rest()).toEqual(['NodeWaiting rds']);
      story.happens('ResourceDeprovisioned');
      expect(story.rest()).toEqual(['want rds', 'NodeWaiting rds']);
      // From here on its provider watches over its time.
      story.clock = { ...clock, now: clock.deadline };
      expect(story.rest()).toEqual([]);
      expect(nextDeadline(story.operation)).toBeUndefined();
    });

    it('ends with the reason when that is not gone by its deadline', () => {
      const story = wantsAgain();
      story.rest();
      story.tell({ type: 'ResourceDelayed', data: { ...story.of, reason: 'its provider does not answer' } });
      expect(nextDeadline(story.operation)).toBe(clock.deadline);
      story.clock = { ...clock, now: clock.deadline };
      expect(story.rest()).toEqual(['OperationFailed rds']);
      expect(story.operation).toMatchObject({
        failure: { code: 'cloud-refused', reason: expect.stringMatching(/not gone within 10 minutes: its provider does not/) },
      });
    });

    it('has its full time from when the earlier request for it came to nothing', () => {
      const before = new CloudStory();
      before.rest();
      const story = new CloudStory(topologyOf(), { operationId: 'op_after', kind: 'upgrade' });
      story.resources = before.resources;
      story.happens('ResourcePlaced');
      story.rest();
      story.tell({ type: 'ResourceFailed', data: { ...before.of, reason: 'no answer', left: true, passing: false } });
      story.clock = { ...clock, now: clock.deadline, deadline: '2026-01-01T00:20:00.000Z' };
      expect(story.rest()).toEqual(['NodeWaiting rds']);
      expect(nextDeadline(story.operation)).toBe('2026-01-01T00:20:00.000Z');
    });
  });

  it('says that it is unchanged in an operation that did not ask for it', () => {
    const story = bound();
    story.operation = operationAfter(started({ operationId: 'op_restart', kind: 'restart', waves: [['rds'], ['web']] }));
    const [ready] = story.plan().filter((action) => action.type === 'record');
    expect(ready).toMatchObject({ fact: { type: 'NodeBecameReady', data: { node: 'rds', unchanged: true } } });
  });

  it('changes it where another plan is wanted', () => {
    const story = bound();
    const larger = new CloudStory(topologyOf('large'), { operationId: 'op_change', kind: 'upgrade' });
    larger.resources = story.resources;
    expect(larger.rest()).toEqual(['want rds', 'NodeWaiting rds']);
    expect(larger.resources.byNode.get('rds')).toMatchObject({ status: 'change-requested', to: { plan: 'large' } });
  });

  describe('of a stop', () => {
    const stops = (story: CloudStory) => {
      story.operation = operationAfter(started({ operationId: 'op_stop', kind: 'stop', waves: [['rds'], ['web']] }));
      return story;
    };

    it('asks for none that could not be had, and ends: what would read it is not made either', () => {
      const story = new CloudStory();
      story.rest();
      story.tell({ type: 'ResourceFailed', data: { ...story.of, reason: 'no such plan', left: false, passing: false } });
      story.rest();
      expect(stops(story).rest()).toEqual(['OperationSucceeded']);
      expect(differencesOf(story.rendered(), story.cluster.observed().objects)).toEqual([]);
    });

    it('waits for none that is on its way', () => {
      const story = new CloudStory();
      story.rest();
      expect(stops(story).rest()).toEqual(['OperationSucceeded']);
    });

    it('puts away what runs and can’t be made as it is wanted now', () => {
      const story = bound();
      story.rest();
      story.cluster.makeReady('web');
      story.rest();
      story.tell({ type: 'ResourceReleased', data: story.of });
      story.happens('ResourceDeprovisioned');
      stops(story).rest();
      expect([...story.cluster.keys()].filter((key) => key.endsWith('/web'))).toEqual([]);
      expect(story.operation.status).toBe('succeeded');
    });

    it('stops what reads one that is there', () => {
      const story = bound();
      story.rest();
      story.cluster.makeReady('web');
      story.rest();
      expect(stops(story).rest()).toContain('apply Deployment/web');
    });
  });

  it('of a delete releases it when the namespace is gone, and ends when it is gone as well', () => {
    const story = bound();
    story.operation = operationAfter(started({ operationId: 'op_delete', kind: 'delete', waves: [['rds'], ['web']] }));
    for (const key of story.cluster.keys()) story.cluster.carryOut(deletionOf(key));
    expect(story.rest()).toEqual(['release rds']);
    expect(story.resources.byNode.get('rds')).toMatchObject({ status: 'leaving' });
    story.happens('ResourceDeprovisioned');
    expect(story.rest()).toEqual(['NodeDeleted web', 'NodeDeleted rds', 'OperationSucceeded']);
  });
});

function deletionOf(key: string): Action {
  const [kind = '', name = ''] = key.split('/');
  return { type: 'delete', reference: { apiVersion: 'v1', kind, name, uid: '' } };
}
