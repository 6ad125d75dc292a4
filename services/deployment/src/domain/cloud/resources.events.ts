import type { DomainEvent } from '@souk/event-sourcing';
import type { ReferredParameter } from '@souk/topology';
import type { Trouble } from './resource-trouble';

/** Every event of a managed resource names its instance, its node, and the operation that asked for what happens. */
export interface OfResource {
  readonly instanceId: string;
  readonly operationId: string;
  readonly node: string;
}

/** What is wanted, in the words of the topology. */
export interface ResourceSpec {
  readonly service: string;
  readonly plan: string;
  /** As they are written: with references in place of what the buyer has filled in. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** What they refer to, as the version declares it; absent where they refer to nothing. */
  readonly referred?: Readonly<Record<string, ReferredParameter>>;
  /** Of all of it. */
  readonly specHash: string;
}

/** A resource is to be there. Its id is known before anybody is asked to make it, so that it is found again after a crash. */
export type ResourceRequested = DomainEvent<
  'ResourceRequested',
  OfResource &
    ResourceSpec & {
      readonly ownerTenant: string;
      readonly providerTenant: string;
      readonly resourceId: string;
      /** Counts the resources that this node ever had; the version of its credentials. */
      readonly attempt: number;
      /** Counts on after a failure that may pass; from 1 for every request of an operation. */
      readonly tries: number;
      /** When it must be there, ISO 8601. */
      readonly deadline: string;
    }
>;

/** Who makes it, and under which of its ids. Said before anything is made. */
export type ResourcePlaced = DomainEvent<
  'ResourcePlaced',
  OfResource & {
    readonly provider: string;
    readonly serviceId: string;
    readonly planId: string;
    readonly bindable: boolean;
    /** Where the provider says how long it may take. */
    readonly deadline?: string;
  }
>;

/** It takes its time. */
type Pending = OfResource & { readonly ticket?: string };

export type ResourceProvisioning = DomainEvent<'ResourceProvisioning', Pending>;
export type ResourceProvisioned = DomainEvent<'ResourceProvisioned', OfResource>;
export type ResourceBinding = DomainEvent<'ResourceBinding', Pending>;

/** Its credentials lie in the vault of the owner under this version; here are their names. */
export type ResourceBound = DomainEvent<
  'ResourceBound',
  OfResource & { readonly version: number; readonly credentials: readonly string[] }
>;

/** Events of before there were codes have none. */
type Told = Pick<Trouble, 'reason'> & Partial<Trouble>;

/** It could not be made. */
export type ResourceFailed = DomainEvent<
  'ResourceFailed',
  OfResource &
    Told & {
      /** Something may have been made, and has to go. */
      readonly left: boolean;
      /** Another try may go better. */
      readonly passing: boolean;
    }
>;

export type ResourceChangeRequested = DomainEvent<
  'ResourceChangeRequested',
  OfResource & ResourceSpec & { readonly deadline: string }
>;
/** On the way to another plan, or to other parameters. */
export type ResourceChanging = DomainEvent<'ResourceChanging', Pending & { readonly planId: string }>;
export type ResourceChanged = DomainEvent<
  'ResourceChanged',
  OfResource & { readonly plan: string; readonly planId: string; readonly bindable: boolean }
>;
/** It is as it was before. */
export type ResourceChangeFailed = DomainEvent<'ResourceChangeFailed', OfResource & Told>;

/** Nobody needs it any more. */
export type ResourceReleased = DomainEvent<'ResourceReleased', OfResource>;
export type ResourceUnbinding = DomainEvent<'ResourceUnbinding', Pending>;
/** Its credentials are void, and forgotten. */
export type ResourceUnbound = DomainEvent<'ResourceUnbound', OfResource>;
export type ResourceDeprovisioning = DomainEvent<'ResourceDeprovisioning', Pending>;
export type ResourceDeprovisioned = DomainEvent<
  'ResourceDeprovisioned',
  OfResource & {
    /** Its provider was asked afterwards, and has it no more. */
    readonly confirmed: boolean;
  }
>;

/** The provider does not do as asked; it is asked again. */
export type ResourceDelayed = DomainEvent<'ResourceDelayed', OfResource & Told>;

/** The instance goes for good, and has none any more: none is made for it after that, whoever asks. */
export type ResourcesClosed = DomainEvent<
  'ResourcesClosed',
  Omit<OfResource, 'node'> & { readonly ownerTenant: string; readonly providerTenant: string }
>;

/** What is done with a resource, as the one who does it tells it. */
export type ResourceFact =
  | ResourcePlaced
  | ResourceProvisioning
  | ResourceProvisioned
  | ResourceBinding
  | ResourceBound
  | ResourceFailed
  | ResourceChanging
  | ResourceChanged
  | ResourceChangeFailed
  | ResourceUnbinding
  | ResourceUnbound
  | ResourceDeprovisioning
  | ResourceDeprovisioned
  | ResourceDelayed;

/** Every event that is about one of them. */
export type EventOfResource = ResourceRequested | ResourceChangeRequested | ResourceReleased | ResourceFact;

export type ResourceEvent = EventOfResource | ResourcesClosed;
