import { type Aggregate, assertNever } from '@souk/event-sourcing';
import type { Difference } from './drift';
import { type Condition, evolveHealth, type Health, isAlike, noHealth } from './health';
import type { HealthEvent } from './health.events';

interface OfInstance {
  readonly instanceId: string;
  readonly ownerTenant: string;
  readonly providerTenant: string;
}

/** How its nodes have been for a while. */
export interface TellCondition {
  readonly type: 'TellCondition';
  readonly of: OfInstance;
  readonly condition: Condition;
}

/** What differs on the cluster and is left so; none where nothing does. */
export interface TellDrift {
  readonly type: 'TellDrift';
  readonly of: OfInstance;
  readonly differences: readonly Difference[];
}

export interface TellOrphan {
  readonly type: 'TellOrphan';
  readonly of: OfInstance;
  readonly orphan: { readonly kind: string; readonly name: string; readonly uid: string };
}

export type HealthCommand = TellCondition | TellDrift | TellOrphan;

const tellCondition = ({ of, condition }: TellCondition, state: Health): HealthEvent[] => {
  if (isAlike(condition, state)) return [];
  const { health, nodes } = condition;
  if (health === 'healthy') return [{ type: 'InstanceBecameHealthy', data: of }];
  return [{ type: 'InstanceBecameUnhealthy', data: { ...of, health, nodes } }];
};

const tellDrift = ({ of, differences }: TellDrift, state: Health): HealthEvent[] => {
  if (JSON.stringify(differences) === JSON.stringify(state.differences)) return [];
  if (differences.length === 0) return [{ type: 'DriftGone', data: of }];
  return [{ type: 'DriftFound', data: { ...of, differences } }];
};

/** How instances are while nothing is done to them: transitions only. */
export const health: Aggregate<Health, HealthCommand, HealthEvent> = {
  category: 'health',
  snapshots: { version: 1 },
  initial: noHealth,
  eventTypes: {
    InstanceBecameHealthy: {},
    InstanceBecameUnhealthy: {},
    DriftFound: {},
    DriftGone: {},
    OrphanRemoved: {},
  },
  tenants: ({ parties }) => parties,
  evolve: evolveHealth,
  decide(command, state) {
    switch (command.type) {
      case 'TellCondition':
        return tellCondition(command, state);
      case 'TellDrift':
        return tellDrift(command, state);
      case 'TellOrphan':
        return [{ type: 'OrphanRemoved', data: { ...command.of, ...command.orphan } }];
      default:
        return assertNever(command);
    }
  },
};
