import { type Aggregate, assertNever, derivedUuid } from '@souk/event-sourcing';
import { evolveResources, failureFor, isThere, noResources, type Resource, type Resources } from './resources';
import type {
  OfResource,
  ResourceEvent,
  ResourceFact,
  ResourceRequested,
  ResourcesClosed,
  ResourceSpec,
} from './resources.events';

/** The node is to have a resource like that. */
export interface WantResource {
  readonly type: 'WantResource';
  readonly data: OfResource &
    ResourceSpec & { readonly ownerTenant: string; readonly providerTenant: string; readonly deadline: string };
}

export interface ReleaseResource {
  readonly type: 'ReleaseResource';
  readonly data: OfResource;
}

/** What was done, or seen. What is not true of the resource any more, or known already, is no news. */
export interface RecordResource {
  readonly type: 'RecordResource';
  /** What was worked on. */
  readonly resourceId: string;
  readonly fact: ResourceFact;
}

/** The instance goes for good. Nothing as long as something of it is there. */
export interface CloseResources {
  readonly type: 'CloseResources';
  readonly data: ResourcesClosed['data'];
}

export type ResourceCommand = WantResource | ReleaseResource | RecordResource | CloseResources;

/** Resources that are made for one request, if failures pass by. */
export const MAX_TRIES = 3;
/** Most delays of one resource that are recorded, removals that are begun once more among them: the stream stays bounded however long a provider is in trouble. */
export const MAX_DELAYS = 20;

const want = ({ data }: WantResource, { byNode, closed }: Resources): ResourceEvent[] => {
  // Whoever asks stood still while the instance was deleted.
  if (closed) return [];
  const known = byNode.get(data.node);
  if (failureFor(known, data.operationId, data.specHash) !== undefined) return [];
  if (!known || !isThere(known)) return [requested(data, (known?.attempt ?? 0) + 1, 1)];
  if (known.status !== 'bound' || known.spec.specHash === data.specHash) return [];
  const { ownerTenant: _, providerTenant: __, ...change } = data;
  return [{ type: 'ResourceChangeRequested', data: change }];
};

const release = ({ data }: ReleaseResource, { byNode }: Resources): ResourceEvent[] => {
  const known = byNode.get(data.node);
  if (!known || !isThere(known)) return [];
  if (known.status === 'leaving' && !known.failure) return [];
  return [{ type: 'ResourceReleased', data }];
};

const record = ({ resourceId, fact }: RecordResource, { byNode, ownerTenant, providerTenant }: Resources): ResourceEvent[] => {
  const known = byNode.get(fact.data.node);
  if (known?.resourceId !== resourceId || !isNews(fact, known)) return [];
  if (fact.type !== 'ResourceDeprovisioned' || known.status !== 'leaving') return [fact];
  // What may have been made by a try that failed is gone: room for another one.
  const again = known.failure?.passing === true && known.tries < MAX_TRIES;
  if (!again) return [fact];
  const { instanceId, operationId, node } = fact.data;
  const data = { instanceId, operationId, node, ...known.spec, ownerTenant, providerTenant, deadline: known.deadline };
  return [fact, requested(data, known.attempt + 1, known.tries + 1)];
};

const close = ({ data }: CloseResources, { byNode, closed }: Resources): ResourceEvent[] =>
  closed || [...byNode.values()].some(isThere) ? [] : [{ type: 'ResourcesClosed', data }];

export const resources: Aggregate<Resources, ResourceCommand, ResourceEvent> = {
  category: 'resources',
  initial: noResources,
  eventTypes: {
    ResourceRequested: {},
    ResourcePlaced: {},
    ResourceProvisioning: {},
    ResourceProvisioned: {},
    ResourceBinding: {},
    ResourceBound: {},
    ResourceFailed: {},
    ResourceChangeRequested: {},
    ResourceChanging: {},
    ResourceChanged: {},
    ResourceChangeFailed: {},
    ResourceReleased: {},
    ResourceUnbinding: {},
    ResourceUnbound: {},
    ResourceDeprovisioning: {},
    ResourceDeprovisioned: {},
    ResourceDelayed: {},
    ResourcesClosed: {},
  },
  tenants: ({ ownerTenant, providerTenant }) => (ownerTenant === '' ? [] : [...new Set([ownerTenant, providerTenant])]),
  evolve: evolveResources,
  decide(command, state) {
    switch (command.type) {
      case 'WantResource':
        return want(command, state);
      case 'ReleaseResource':
        return release(command, state);
      case 'RecordResource':
        return record(command, state);
      case 'CloseResources':
        return close(command, state);
      default:
        return assertNever(command);
    }
  },
};

/** The id of a resource, and so of what is at the provider, follows from where it belongs: a call that is repeated means the same one. */
function requested(data: WantResource['data'], attempt: number, tries: number): ResourceRequested {
  const resourceId = derivedUuid('resource', data.instanceId, data.node, attempt);
  return { type: 'ResourceRequested', data: { ...data, resourceId, attempt, tries } };
}

/** Of one resource there is one binding. */
export const bindingIdOf = (resourceId: string): string => derivedUuid('binding', resourceId);

function isNews(fact: ResourceFact, state: Resource): boolean {
  const { status } = state;
  switch (fact.type) {
    case 'ResourcePlaced':
      return status === 'requested';
    case 'ResourceProvisioning':
      return status === 'placed';
    case 'ResourceProvisioned':
      return status === 'placed' || status === 'provisioning';
    case 'ResourceBinding':
      return status === 'provisioned';
    case 'ResourceBound':
      return status === 'provisioned' || status === 'binding';
    case 'ResourceFailed':
      if (status === 'leaving') return state.failure !== undefined && state.failure.late !== true;
      return ['requested', 'placed', 'provisioning', 'provisioned', 'binding'].includes(status);
    case 'ResourceChanging':
      return status === 'change-requested';
    case 'ResourceChanged':
    case 'ResourceChangeFailed':
      return status === 'change-requested' || status === 'changing';
    case 'ResourceUnbinding':
      return status === 'leaving' && (state.step === 'begin' || isBegunAnew(state, 'unbinding', fact.data.ticket));
    case 'ResourceUnbound':
      return status === 'leaving' && (state.step === 'begin' || state.step === 'unbinding');
    case 'ResourceDeprovisioning':
      return status === 'leaving' && (state.step === 'unbound' || isBegunAnew(state, 'deprovisioning', fact.data.ticket));
    case 'ResourceDeprovisioned':
      return status === 'leaving';
    case 'ResourceDelayed':
      return state.delay !== fact.data.reason && state.delays < MAX_DELAYS;
    default:
      return assertNever(fact);
  }
}

type Leaving = Extract<Resource, { status: 'leaving' }>;

function isBegunAnew(state: Leaving, step: Leaving['step'], ticket: string | undefined): boolean {
  return state.step === step && state.ticket !== ticket && state.delays < MAX_DELAYS;
}
