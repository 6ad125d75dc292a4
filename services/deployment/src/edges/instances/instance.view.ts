import { platformTenant } from '@souk/contracts';
import type { Principal } from '@souk/platform';
import type { Instance } from '../../domain/instances/instance';
import type { InstanceDoc } from '../../projections/instances.projection';
import type { OperationDoc } from '../../projections/operations.projection';

type Viewer = Pick<Principal, 'tenant' | 'role'>;

/** Whether this principal may see an instance of these parties at all. */
export function maySee(
  { tenant, role }: Viewer,
  parties: { readonly ownerTenant: string; readonly providerTenant: string },
): boolean {
  return role === 'operator' || parties.ownerTenant === tenant || parties.providerTenant === tenant;
}

/**
 * An instance in an answer. The owner sees all of it; its provider sees state, version and health of instances of own apps; an operator
 * state and health.
 */
export function instanceView(instance: InstanceDoc, { tenant, role }: Viewer) {
  const {
    viewers: _,
    working: __,
    lastOperationId,
    snapshot,
    appKey,
    nodes,
    origin,
    name,
    reason,
    lastFailure,
    health,
    drift,
    suspended,
    ...rest
  } = instance;
  const common = { ...rest, name, operationId: lastOperationId };
  if (instance.ownerTenant === tenant && role !== 'operator')
    return {
      ...common,
      snapshot,
      origin,
      nodes,
      ...(appKey !== undefined && { appKey }),
      ...(reason !== undefined && { reason }),
      ...(lastFailure && { lastFailure }),
      ...(health && { health }),
      ...(drift && { drift }),
      ...(suspended && { suspended }),
    };
  return {
    ...common,
    snapshot,
    nodes: nodes.map(({ serviceName, state }) => ({ serviceName, state })),
    ...(lastFailure && { lastFailure: withoutWords(lastFailure) }),
    ...(health && { health: { ...health, nodes: health.nodes.map(withoutWords) } }),
    ...(role === 'operator' && drift && { drift }),
    ...(suspended && { suspended: role === 'operator' ? suspended : { since: suspended.since } }),
  };
}

/** What a failure is of, for those whose cluster it is not. */
function withoutWords<Told extends { readonly reason: string }>({ reason: _, ...told }: Told): Omit<Told, 'reason'> {
  return told;
}

/**
 * A deployment record. Who asked and why is for the owner, and so are the words of failures and waits, which may quote what is free on the
 * owner's cluster.
 */
export function operationView(operation: OperationDoc, isOwner: boolean) {
  const { parties: _, steps, failure, differences, ...rest } = operation;
  if (isOwner) return { ...rest, steps, ...(failure !== undefined && { failure }), ...(differences && { differences }) };
  const { requestedBy: __, reason: ___, ...state } = rest;
  return { ...state, steps: steps.map(({ at, type, node }) => ({ at, type, ...(node !== undefined && { node }) })) };
}

/**
 * State from the events alone, for "as of" and differences. What the buyer filled in is for its own tenant, and for an auditor of the
 * platform; why it is left alone, and what was corrected or cut short, for these and for operators.
 */
export function stateView(state: Instance, viewer: Viewer): object | undefined {
  const platformWide = viewer.role === 'auditor' && viewer.tenant === platformTenant;
  if (state.status === 'unknown' || !(maySee(viewer, state) || platformWide)) return undefined;
  const { wanted, restarts, scale, completedInit, parameters, secrets, origin, suspended, corrections, preempted, ...rest } =
    state;
  const byNode = { restarts: Object.fromEntries(restarts), scale: Object.fromEntries(scale) };
  const plain = { ...rest, ...wanted, ...byNode, completedInit: [...completedInit].sort(), ...(suspended && { suspended: {} }) };
  const isOwner = state.ownerTenant === viewer.tenant;
  if (!isOwner && !platformWide && viewer.role !== 'operator') return plain;
  const care = { ...(suspended && { suspended }), corrections, ...(preempted !== undefined && { preempted }) };
  return isOwner || platformWide ? { ...plain, ...care, origin, parameters, secrets } : { ...plain, ...care };
}
