import { type Topology, wavesOf } from '@souk/topology';
import type { Ordered } from '../src/domain/operations/deploy-order';
import { evolveOperation, leadsBack, type StartedOperation } from '../src/domain/operations/operation';
import type { OperationEvent, OperationStarted } from '../src/domain/operations/operation.events';
import { type Action, type Clock, plan } from '../src/domain/operations/plan';
import { type RenderedInstance, renderInstance } from '../src/domain/render/render-instance';
import { PaperCluster } from './paper-cluster';
import { operationAfter, shop, started, toRender } from './sample';

export const clock: Clock = {
  now: '2026-01-01T00:00:00.000Z',
  deadline: '2026-01-01T00:10:00.000Z',
  slowDeadline: '2026-01-01T00:09:50.000Z',
  nodeTimeoutMs: 600_000,
  patience: { 'crash-loop': { ms: 120_000, until: '2026-01-01T00:02:00.000Z' } },
};
export const tooLate: Clock = {
  ...clock,
  now: '2026-01-01T00:10:00.001Z',
  deadline: '2026-01-01T00:20:00.001Z',
  slowDeadline: '2026-01-01T00:19:50.001Z',
};

/** An operation under way on a cluster on paper. */
export class Story {
  operation: StartedOperation;
  completedInit = new Set<string>();
  clock = clock;
  /** What ran before, where the operation leads from one version to another. */
  before: RenderedInstance | undefined;

  constructor(
    readonly instance: RenderedInstance | undefined,
    readonly cluster = new PaperCluster(),
    ...events: OperationEvent[]
  ) {
    this.operation = operationAfter(...(events.length > 0 ? events : [started()]));
  }

  plan(): Action[] {
    const { operation, completedInit, clock, instance, before } = this;
    const [to, from] = operation.rollback ? [before, instance] : [instance, before];
    const left: readonly Ordered[] | undefined = leadsBack(operation) ? from?.nodes : undefined;
    const desired = { ...(to && { instance: to }), ...(left && { left }), operation, completedInit, clock };
    return plan(desired, this.cluster.observed());
  }

  /** Carries out the first `most` actions of a round; a crash forgets the rest. */
  round(most = Infinity): string[] {
    const actions = this.plan().slice(0, most);
    for (const action of actions) {
      if (action.type === 'record') this.record(action.fact);
      else this.cluster.carryOut(action);
    }
    return actions.map(named);
  }

  record(event: OperationEvent): void {
    this.operation = evolveOperation(this.operation, event) as StartedOperation;
  }

  /** Until there is only to wait. */
  rest(): string[] {
    const all: string[] = [];
    for (let round = this.round(); round.length > 0; round = this.round()) all.push(...round);
    return all;
  }

  finish(nodes: readonly string[]): this {
    for (let i = 0; i <= nodes.length; i++) {
      this.rest();
      for (const node of nodes) this.cluster.makeReady(node);
    }
    this.rest();
    return this;
  }
}

/** An instance of that topology, running. */
export const deployed = (topology: Topology = shop): Story => {
  const story = new Story(renderInstance(toRender(topology)));
  return story.finish(topology.nodes.map((node) => node.serviceName));
};

/** From one version that runs well to another, on the same cluster. */
export function changed(
  from: Topology,
  to: Topology,
  kind: 'upgrade' | 'rollback' = 'upgrade',
  cluster = deployed(from).cluster,
): Story {
  const [before, after] = [toRender(from).configuration, toRender(to).configuration];
  const namesOf = ({ nodes }: Topology) => nodes.map(({ serviceName }) => serviceName);
  const data: Partial<OperationStarted['data']> = {
    operationId: 'op_change',
    kind,
    waves: wavesOf(to),
    removes: namesOf(from).filter((name) => !namesOf(to).includes(name)),
    fallback: {
      versionId: 'ver_before',
      versionNumber: '1.0.0',
      snapshot: 'before',
      waves: wavesOf(from),
      grants: { apis: [], dataModels: [] },
    },
  };
  const story = new Story(renderInstance(toRender(to, { before })), cluster, started(data));
  story.before = renderInstance(toRender(from, { before: after }));
  for (const { serviceName, category } of from.nodes) if (category === 'init') story.completedInit.add(serviceName);
  cluster.applied.length = 0;
  cluster.deleted.length = 0;
  return story;
}

function named(action: Action): string {
  if (action.type === 'apply') return `apply ${action.object.kind}/${action.object.metadata.name}`;
  if (action.type === 'delete') return `delete ${action.reference.kind}/${action.reference.name}`;
  if (action.type !== 'record') return `${action.type} ${action.node}`;
  const { type, data } = action.fact;
  return 'node' in data ? `${type} ${data.node}` : type;
}
