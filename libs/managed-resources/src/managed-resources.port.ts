import type { ServiceOffering } from './catalogue';

/** A resource of a provider. The id is ours: a UUID that is known before the provider is asked. */
export interface ResourceReference {
  readonly resourceId: string;
  readonly serviceId: string;
  readonly planId: string;
  /** On whose behalf. */
  readonly customer: Customer;
}

/** Who the resource is for, as a provider may want to know it for its own records. */
export interface Customer {
  readonly tenant: string;
  readonly instanceId: string;
  readonly node: string;
}

export interface ResourceRequest extends ResourceReference {
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface ResourceChange extends ResourceRequest {
  /** The plan that it has now; `planId` is the one that it is to have. */
  readonly previousPlanId: string;
}

export interface BindingReference extends ResourceReference {
  readonly bindingId: string;
}

/** It takes longer. `ticket` is to be handed back when asking how it goes. */
export interface Pending {
  readonly done: false;
  readonly ticket?: string;
}

export type Started = { readonly done: true } | Pending;

/** What a process needs to use the resource: `host`, `port`, `username`, `password`, `uri` … Secret. */
export type Credentials = Readonly<Record<string, string>>;

export type Bound = { readonly done: true; readonly credentials: Credentials } | Pending;

export interface OperationProgress {
  readonly state: 'in-progress' | 'succeeded' | 'failed';
  /** In the provider's words. */
  readonly description?: string;
  /** When it wants to be asked again, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** What is asked after: the last thing that was begun. */
export type OperationKind = 'provision' | 'change' | 'deprovision';

export type BindingOperationKind = 'bind' | 'unbind';

/** `unknown` where the provider can't be asked. */
export type Presence = 'there' | 'gone' | 'unknown';

/**
 * Databases and the like that somebody else runs: a service broker, a cloud's API, a simulation.
 *
 * Laws, checked for every adapter by `managedResourcesContract`: every call may be repeated with the same ids and has one effect; a repeated
 * `bind` answers the same credentials; what is gone already is unbound and deprovisioned without an error; a resource that was deprovisioned is
 * `gone` (or `unknown`). Every call answers or throws within a time of its own, also where the provider does not.
 *
 * Throws `RequestRejected`, `OutcomeUnknown` (then what was to be made is to be undone by `unbind` and `deprovision`) or `TryLater`.
 */
export abstract class ManagedResources {
  abstract catalogue(): Promise<readonly ServiceOffering[]>;
  abstract provision(request: ResourceRequest): Promise<Started>;
  abstract change(change: ResourceChange): Promise<Started>;
  /** @param resource with the plan that it had before, where a change is asked after */
  abstract lastOperation(resource: ResourceReference, kind: OperationKind, ticket?: string): Promise<OperationProgress>;
  abstract bind(binding: BindingReference): Promise<Bound>;
  abstract lastBindingOperation(
    binding: BindingReference,
    kind: BindingOperationKind,
    ticket?: string,
  ): Promise<OperationProgress>;
  /** Of a binding that took longer, once its operation has succeeded. */
  abstract credentials(binding: BindingReference): Promise<Credentials>;
  abstract unbind(binding: BindingReference): Promise<Started>;
  abstract deprovision(resource: ResourceReference): Promise<Started>;
  abstract presenceOf(resource: ResourceReference): Promise<Presence>;
}
