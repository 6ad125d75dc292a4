import { assertNever } from '@souk/event-sourcing';
import type { Difference } from './drift';
import type { HealthEvent, UnreadyNode } from './health.events';
import { isTrouble, type Observed, Sight } from '../operations/observe';
import type { RenderedInstance } from '../render/render-instance';

export type HealthState = 'healthy' | 'degraded' | 'failed';

/** How the nodes of an instance are. */
export interface Condition {
  readonly health: HealthState;
  readonly nodes: readonly UnreadyNode[];
}

/** What was told of an instance last. */
export interface Health extends Condition {
  readonly parties: readonly string[];
  readonly differences: readonly Difference[];
}

/** Nothing is told of an instance that is well, until it is not. */
export const noHealth: Health = { parties: [], health: 'healthy', nodes: [], differences: [] };

export function evolveHealth(state: Health, event: HealthEvent): Health {
  const { ownerTenant, providerTenant } = event.data;
  const known = { ...state, parties: [...new Set([ownerTenant, providerTenant])] };
  switch (event.type) {
    case 'InstanceBecameHealthy':
      return { ...known, health: 'healthy', nodes: [] };
    case 'InstanceBecameUnhealthy':
      return { ...known, health: event.data.health, nodes: event.data.nodes };
    case 'DriftFound':
      return { ...known, differences: event.data.differences };
    case 'DriftGone':
      return { ...known, differences: [] };
    case 'OrphanRemoved':
      return known;
    default:
      return assertNever(event);
  }
}

/** How an instance is that nothing is done to at the moment. Init nodes have done their part. */
export function conditionOf({ nodes }: RenderedInstance, observed: Observed): Condition {
  const sight = new Sight(observed, { operationId: '', corrects: false });
  const processes = nodes.filter(({ category }) => category !== 'init');
  const unready = processes
    .filter((node) => !sight.isRolledOut(node))
    .map((node) => ({ node: node.name, ...sight.trouble(node) }));
  if (unready.length === 0) return { health: 'healthy', nodes: [] };
  return { health: unready.length < processes.length ? 'degraded' : 'failed', nodes: unready };
}

/** Alike where the same nodes are unready: why they are, may change with every crash. */
export const isAlike = (one: Condition, other: Condition): boolean =>
  one.health === other.health && namesOf(one) === namesOf(other);

/** Of two that are alike, for each node the reason that says more: one that crashes again and again runs in between, too. */
export function moreTelling(earlier: Condition, later: Condition): Condition {
  const before = new Map(earlier.nodes.map((node) => [node.node, node]));
  const nodes = later.nodes.map((node) => {
    const known = before.get(node.node);
    return known && isTrouble(known) && !isTrouble(node) ? known : node;
  });
  return { ...later, nodes };
}

const namesOf = ({ nodes }: Condition): string =>
  nodes
    .map(({ node }) => node)
    .sort()
    .join();
