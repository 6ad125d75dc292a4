/** What a provider offers: kinds of resources, each in some sizes. The words are those of the Open Service Broker API. */
export interface ServiceOffering {
  /** Of the provider; needed by every call about a resource of this offering. */
  readonly serviceId: string;
  /** As a cloud node names it; unique in the catalogue of a platform. */
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly plans: readonly ServicePlan[];
  /** Whether the provider can be asked if a resource is there. */
  readonly retrievable: boolean;
}

export interface ServicePlan {
  readonly planId: string;
  readonly name: string;
  readonly description: string;
  /** A resource has credentials. One of a plan that is not bindable has none to refer to. */
  readonly bindable: boolean;
  /** A resource of this plan may get another plan of the same offering. */
  readonly updatable: boolean;
  /** How long provisioning and the like may take, in seconds. */
  readonly maximumPollingSeconds?: number;
  /** JSON Schema of the parameters on creation. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}
