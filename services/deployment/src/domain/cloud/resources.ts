import { assertNever } from '@souk/event-sourcing';
import type {
  EventOfResource,
  ResourceEvent,
  ResourceFailed,
  ResourcePlaced,
  ResourceRequested,
  ResourceSpec,
} from './resources.events';

/** What is known of every resource. */
export interface ResourceFacts {
  readonly node: string;
  /** The operation that asked for what is under way. */
  readonly operationId: string;
  readonly spec: ResourceSpec;
  readonly resourceId: string;
  readonly attempt: number;
  readonly tries: number;
  /** When what was asked for must be there. */
  readonly deadline: string;
  /** Why it takes longer than it should, in the provider's words; gone with the next step. */
  readonly delay?: string;
  readonly delays: number;
}

export type Place = Omit<ResourcePlaced['data'], 'instanceId' | 'operationId' | 'node' | 'deadline'>;

/** Why there is none, or not the one that was asked for. */
export interface ResourceFailure {
  readonly operationId: string;
  readonly specHash: string;
  readonly reason: string;
}

interface Placed {
  readonly place: Place;
}

/** `ticket`: what the provider wants to hear when it is asked how it goes; absent as long as it was not told to begin. */
interface Ticketed {
  readonly ticket?: string;
}

export type Resource = ResourceFacts &
  (
    | { readonly status: 'requested' }
    | (Placed & { readonly status: 'placed' | 'provisioned' })
    | (Placed & Ticketed & { readonly status: 'provisioning' | 'binding' })
    | (Placed & {
        readonly status: 'bound';
        readonly version: number;
        readonly credentials: readonly string[];
        /** The last change that was asked for and could not be done. */
        readonly failure?: ResourceFailure;
      })
    | (Placed & {
        readonly status: 'change-requested' | 'changing';
        readonly version: number;
        readonly credentials: readonly string[];
        readonly to: ResourceSpec;
        readonly planId?: string;
        readonly ticket?: string;
      })
    | (Partial<Placed> &
        Ticketed & {
          /** On its way out: released, or thrown away after a failure. */
          readonly status: 'leaving';
          readonly step: 'begin' | 'unbinding' | 'unbound' | 'deprovisioning';
          readonly failure?: ResourceFailure & {
            readonly passing: boolean;
            /** It was to be gone by its deadline, and is not. */
            readonly late?: true;
          };
        })
    | { readonly status: 'failed'; readonly failure: ResourceFailure }
    | { readonly status: 'gone' }
  );

/** Node → its resource, of one instance. Nodes of versions that run no more are among them until they are gone. */
export interface Resources {
  readonly ownerTenant: string;
  readonly providerTenant: string;
  readonly byNode: ReadonlyMap<string, Resource>;
  /** The instance is gone: nothing is asked for any more. */
  readonly closed?: true;
}

export const noResources: Resources = { ownerTenant: '', providerTenant: '', byNode: new Map() };

export function evolveResources(state: Resources, event: ResourceEvent): Resources {
  if (event.type === 'ResourcesClosed') {
    const { ownerTenant, providerTenant } = event.data;
    return { ...state, ownerTenant, providerTenant, closed: true };
  }
  const { node } = event.data;
  if (event.type === 'ResourceRequested') {
    const { ownerTenant, providerTenant } = event.data;
    return { ...state, ownerTenant, providerTenant, byNode: new Map(state.byNode).set(node, requested(event)) };
  }
  const known = state.byNode.get(node);
  if (!known) return state;
  return { ...state, byNode: new Map(state.byNode).set(node, evolveResource(known, event)) };
}

function requested({ data }: ResourceRequested): Resource {
  const { node, operationId, resourceId, attempt, tries, deadline } = data;
  return { ...{ node, operationId, resourceId, attempt, tries, deadline }, spec: specOf(data), delays: 0, status: 'requested' };
}

function evolveResource(state: Resource, event: Exclude<EventOfResource, ResourceRequested>): Resource {
  const facts = factsOf(state);
  const place = placeOf(state);
  switch (event.type) {
    case 'ResourcePlaced': {
      const { deadline = facts.deadline } = event.data;
      return { ...facts, deadline, status: 'placed', place: placeIn(event.data) };
    }
    case 'ResourceProvisioning':
      return place ? { ...facts, place, ...ticketIn(event.data), status: 'provisioning' } : state;
    case 'ResourceProvisioned':
      return place ? { ...facts, place, status: 'provisioned' } : state;
    case 'ResourceBinding':
      return place ? { ...facts, place, ...ticketIn(event.data), status: 'binding' } : state;
    case 'ResourceBound': {
      const { version, credentials } = event.data;
      return place ? { ...facts, place, version, credentials, status: 'bound' } : state;
    }
    case 'ResourceFailed':
      return failed(state, event);
    case 'ResourceChangeRequested': {
      if (state.status !== 'bound') return state;
      const { failure: _, ...bound } = state;
      const { operationId, deadline } = event.data;
      return { ...bound, operationId, deadline, to: specOf(event.data), status: 'change-requested' };
    }
    case 'ResourceChanging': {
      if (state.status !== 'change-requested') return state;
      const { planId } = event.data;
      return { ...state, ...facts, ...ticketIn(event.data), planId, status: 'changing' };
    }
    case 'ResourceChanged': {
      if (state.status !== 'change-requested' && state.status !== 'changing') return state;
      const { version, credentials, to } = state;
      const { planId, bindable } = event.data;
      return { ...facts, spec: to, place: { ...state.place, planId, bindable }, version, credentials, status: 'bound' };
    }
    case 'ResourceChangeFailed': {
      if (state.status !== 'change-requested' && state.status !== 'changing') return state;
      const { version, credentials, to } = state;
      const failure = { operationId: state.operationId, specHash: to.specHash, reason: event.data.reason };
      return { ...facts, place: state.place, version, credentials, failure, status: 'bound' };
    }
    case 'ResourceReleased':
      return released(state, event.data.operationId);
    case 'ResourceUnbinding':
      return leaving(state, 'unbinding', event.data);
    case 'ResourceUnbound':
      return leaving(state, 'unbound', {});
    case 'ResourceDeprovisioning':
      return leaving(state, 'deprovisioning', event.data);
    case 'ResourceDeprovisioned': {
      if (state.status !== 'leaving' || !state.failure) return { ...facts, status: 'gone' };
      const { passing: _, late: __, ...failure } = state.failure;
      return { ...facts, failure, status: 'failed' };
    }
    case 'ResourceDelayed':
      return { ...state, delay: event.data.reason, delays: state.delays + 1 };
    default:
      return assertNever(event);
  }
}

function failed(state: Resource, { data }: ResourceFailed): Resource {
  const facts = factsOf(state);
  const place = placeOf(state);
  const { reason, left, passing } = data;
  if (state.status === 'leaving')
    return state.failure ? { ...state, failure: { ...state.failure, reason, passing, late: true } } : state;
  const failure = { operationId: state.operationId, specHash: state.spec.specHash, reason };
  if (!left) return { ...facts, failure, status: 'failed' };
  return { ...facts, ...(place && { place }), failure: { ...failure, passing }, step: firstStepOut(state), status: 'leaving' };
}

function released(state: Resource, operationId: string): Resource {
  const facts = { ...factsOf(state), operationId };
  const place = placeOf(state);
  if (state.status === 'leaving') {
    const { failure: _, ...going } = state;
    return { ...going, ...facts };
  }
  return { ...facts, ...(place && { place }), step: firstStepOut(state), status: 'leaving' };
}

/** Who provides it, as soon as that is known. */
export const placeOf = (state: Resource): Place | undefined => ('place' in state ? state.place : undefined);

/** Where no binding was ever asked for, there is none to take back. */
const firstStepOut = ({ status }: Resource): Leaving['step'] =>
  status === 'requested' || status === 'placed' || status === 'provisioning' ? 'unbound' : 'begin';

type Leaving = Extract<Resource, { status: 'leaving' }>;

function leaving(state: Resource, step: Leaving['step'], told: Ticketed): Resource {
  if (state.status !== 'leaving') return state;
  const { ticket: _, delay, ...going } = state;
  // Begun once more: that it did not go is no less true.
  const once = state.step === step ? { ...(delay !== undefined && { delay }), delays: state.delays + 1 } : {};
  return { ...going, ...factsOf(state), ...once, ...ticketIn(told), step };
}

/** The resource without what belongs to one status only. */
function factsOf({ node, operationId, spec, resourceId, attempt, tries, deadline, delays }: Resource): ResourceFacts {
  return { node, operationId, spec, resourceId, attempt, tries, deadline, delays };
}

/** There is a resource, or there may be one. */
export const isThere = ({ status }: Resource): boolean => status !== 'gone' && status !== 'failed';

/** Something is still to be done with it. */
export const isUnderWay = (resource: Resource): boolean => isThere(resource) && resource.status !== 'bound';

/** Why what this operation wants can't be had. */
export function failureFor(resource: Resource | undefined, operationId: string, specHash: string): string | undefined {
  const failure = resource && 'failure' in resource && !isStillTried(resource) ? resource.failure : undefined;
  return failure?.operationId === operationId && failure.specHash === specHash ? failure.reason : undefined;
}

/** It goes for the sake of something else than this: what an operation has thrown away, it waits for itself. */
export const isLeft = (resource: Resource, operationId: string, specHash: string): boolean =>
  resource.status === 'leaving' && (resource.failure?.operationId !== operationId || resource.failure.specHash !== specHash);

/** What was made of it may be gone in time for another try. */
const isStillTried = (resource: Resource): boolean => resource.status === 'leaving' && resource.failure?.late !== true;

const ticketIn = ({ ticket }: Ticketed): Ticketed => (ticket === undefined ? {} : { ticket });

function placeIn({ provider, serviceId, planId, bindable }: ResourcePlaced['data']): Place {
  return { provider, serviceId, planId, bindable };
}

function specOf({ service, plan, parameters, referred, specHash }: ResourceSpec): ResourceSpec {
  return { service, plan, parameters, ...(referred && { referred }), specHash };
}
