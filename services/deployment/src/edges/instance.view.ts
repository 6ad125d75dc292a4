import { platformTenant } from '@souk/contracts';
import type { Principal } from '@souk/platform';
import type { Instance } from '../domain/instance';
import type { InstanceDoc, LastFailure } from '../projections/instances.projection';
import type { OperationDoc } from '../projections/operations.projection';

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
    };
  const health = nodes.map(({ serviceName, state }) => ({ serviceName, state }));
  return { ...common, snapshot, nodes: health, ...(lastFailure && { lastFailure: withoutWords(lastFailure) }) };
}

/** What a failure is of, for those whose cluster it is not. */
function withoutWords({ reason: _, ...failure }: LastFailure) {
  return failure;
}

/**
 * A deployment record. Who asked and why is for the owner, and so are the words of failures and waits, which may quote what is free on the
 * owner's cluster.
 */
export function operationView(operation: OperationDoc, isOwner: boolean) {
  const { parties: _, steps, failure, ...rest } = operation;
  if (isOwner) return { ...rest, steps, ...(failure !== undefined && { failure }) };
  const { requestedBy: __, reason: ___, ...state } = rest;
  return { ...state, steps: steps.map(({ at, type, node }) => ({ at, type, ...(node !== undefined && { node }) })) };
}

/**
 * State from the events alone, for "as of" and differences. What the buyer filled in is for its own tenant, and for an auditor of the
 * platform.
 */
export function stateView(state: Instance, viewer: Viewer): object | undefined {
  const platformWide = viewer.role === 'auditor' && viewer.tenant === platformTenant;
  if (state.status === 'unknown' || !(maySee(viewer, state) || platformWide)) return undefined;
  const { wanted, restarts, completedInit, parameters, secrets, origin, ...rest } = state;
  const plain = { ...rest, ...wanted, restarts: Object.fromEntries(restarts), completedInit: [...completedInit].sort() };
  return state.ownerTenant === viewer.tenant || platformWide ? { ...plain, origin, parameters, secrets } : plain;
}
