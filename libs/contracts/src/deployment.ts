import type { PublicEvent } from '@souk/messaging';
import type { CallContext } from './call';

/** In which order a picker would show them. */
export const instanceStatuses = [
  'pending',
  'deploying',
  'running',
  'upgrading',
  'rolling-back',
  'restarting',
  'stopping',
  'stopped',
  'starting',
  'scaling',
  'correcting',
  'retrying',
  'degraded',
  'deleting',
  'deleted',
] as const;

export type InstanceStatus = (typeof instanceStatuses)[number];

/** Commanded by commerce. */
export abstract class DeploymentCommands {
  /**
   * Asks for an instance whose id the caller derived. A repeated call has one effect.
   * @throws DomainError for what the buyer or the provider must mend: `name-taken`, `cluster-not-found`, `parameters-invalid` …
   */
  abstract requestInstance(request: InstanceRequest, call: CallContext): Promise<void>;
  /** Deletes an instance whatever it is doing. A repeat, or an instance that never was, is no error. */
  abstract deleteInstance(instanceId: string, call: CallContext): Promise<void>;
}

export interface InstanceRequest {
  readonly instanceId: string;
  readonly name: string;
  readonly ownerTenant: string;
  /** A released version. */
  readonly versionId: string;
  readonly configuration: string;
  /** For a configuration that is hosted at the edge. */
  readonly clusterId?: string;
  /** For one that is hosted in the cloud: an operator's cluster there is chosen. */
  readonly region?: string;
  /** Values of the parameters that the topology declares. */
  readonly parameters: Readonly<Record<string, string>>;
  /** For each secret that the topology declares as supplied: the name under which the buyer has stored its value (`PUT /v1/secrets/{name}`). */
  readonly secrets: Readonly<Record<string, string>>;
  readonly purchaseId: string;
}

export type DeploymentEvent =
  | PublicEvent<
      'deployment.instance-running.v1',
      { instanceId: string; operationId: string; ownerTenant: string; providerTenant: string; versionId: string }
    >
  | PublicEvent<
      'deployment.instance-operation-failed.v1',
      { instanceId: string; operationId: string; kind: string; reason: string; code?: string }
    >
  /** An upgrade or a rollback could not be done; the version before runs again. */
  | PublicEvent<
      'deployment.instance-rolled-back.v1',
      {
        instanceId: string;
        operationId: string;
        ownerTenant: string;
        providerTenant: string;
        /** What runs again. */
        versionId: string;
        kind: string;
        code: string;
        reason: string;
      }
    >
  | PublicEvent<'deployment.instance-deleted.v1', { instanceId: string; ownerTenant: string; providerTenant: string }>;
