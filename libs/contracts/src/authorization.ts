import type { Problem } from '@souk/event-sourcing';
import type { PublicEvent } from '@souk/messaging';
import type { CallContext } from './call';

/** A platform API that an instance may be granted: one operation of the open API. */
export interface PlatformApi {
  /** Its name in declarations and grants: `instance.read`. */
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path template under the API's origin: `/open/v1/instance`. A segment in braces matches one segment. */
  readonly path: string;
  readonly title: string;
}

/** Every API that can be declared. */
export const platformApis: readonly PlatformApi[] = [
  { name: 'instance.read', method: 'GET', path: '/open/v1/instance', title: 'Read the state of the instance itself' },
  {
    name: 'instance-nodes.read',
    method: 'GET',
    path: '/open/v1/instance/nodes',
    title: 'Read the nodes of the instance and their addresses',
  },
  {
    name: 'instance-operations.read',
    method: 'GET',
    path: '/open/v1/instance/operations',
    title: 'Read the deployment records of the instance',
  },
  { name: 'data-models.use', method: 'GET', path: '/open/v1/data-models', title: 'Read the data models that were granted' },
  { name: 'oauth.use', method: 'GET', path: '/open/v1/sso', title: 'Sign users of the edge console in to the app' },
];

export const dataModelAccessLevels = ['read', 'read-create', 'read-write'] as const;
export type DataModelAccess = (typeof dataModelAccessLevels)[number];

export interface DataModelDeclaration {
  readonly model: string;
  readonly version: string;
  readonly access: DataModelAccess;
  readonly subscribe: boolean;
}

/** Where the edge console signs its users in to the app: a path, and the node and external port that serve it. */
export interface SsoDeclaration {
  readonly path: string;
  readonly node: string;
  readonly port: number;
}

/** A service model that the app needs another app on the same cluster to provide, and which of its APIs. */
export interface ServiceDependency {
  readonly model: string;
  readonly apis: readonly string[];
}

/** A service model that the app provides, by the external port of a node. */
export interface ServiceProvision {
  readonly model: string;
  readonly node: string;
  readonly port: number;
}

/** What an instance may call and use. Sorted by name. */
export interface Grants {
  readonly apis: readonly string[];
  readonly dataModels: readonly DataModelDeclaration[];
}

/**
 * The permission declaration of a version: which platform APIs the app will call, which data models it will use, where it is opened, which
 * services it needs and provides. Sorted by name; what is declared of none is absent, so that it changes no digest.
 */
export interface DeclaredPermissions extends Grants {
  readonly sso?: SsoDeclaration;
  readonly dependencies?: readonly ServiceDependency[];
  readonly provisions?: readonly ServiceProvision[];
}

export interface PermissionsAtRevision {
  readonly versionId: string;
  /** -1 where nothing was declared. */
  readonly revision: number;
  readonly permissions: DeclaredPermissions;
  readonly problems: readonly Problem[];
}

export interface CredentialView {
  readonly instanceId: string;
  readonly appKey: string;
  readonly secretVersion: number;
  /** How long the AppSecret before this one is taken as well; absent when it is not any more. */
  readonly previousSecretValidUntil?: string;
  readonly status: 'active' | 'suspended' | 'revoked';
  readonly grants: Grants;
}

/** The request of an instance, as a gateway saw it. Header names in lower case. */
export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body, base64; absent for an empty body. */
  readonly bodySha256?: string;
}

export type Decision =
  | {
      readonly allowed: true;
      readonly api: string;
      readonly appKey: string;
      readonly instanceId: string;
      readonly ownerTenant: string;
    }
  | {
      readonly allowed: false;
      /** `unauthenticated` does not tell an unknown key from a bad signature or a revoked key; `not-granted` is a known, honest caller. */
      readonly code: 'unauthenticated' | 'not-granted';
      readonly detail: string;
      /** What the server expected to be signed, given only for a well-formed request; holds no secret. */
      readonly stringToSign?: string;
    };

/** Asked by release, deployment, and by the guard of the open API. */
export abstract class AuthorizationQueries {
  /** Reads the truth, not a projection. */
  abstract permissionsOf(versionId: string): Promise<PermissionsAtRevision>;
  abstract credentialOf(instanceId: string): Promise<CredentialView | undefined>;
  abstract decide(request: SignedRequest): Promise<Decision>;
}

/** Asked by commerce. */
export abstract class TenantDirectory {
  /** Whether there is such a tenant. Reads the truth, not a projection. */
  abstract exists(tenantId: string): Promise<boolean>;
}

/** Commanded by release and deployment. */
export abstract class AuthorizationCommands {
  abstract clonePermissions(fromVersionId: string, toVersionId: string, call: CallContext): Promise<void>;
  /** One credential for each instance, with its grants from the very moment of its creation. A repeated call answers the first one. */
  abstract createCredential(
    input: {
      readonly instanceId: string;
      readonly appId: string;
      readonly ownerTenant: string;
      readonly providerTenant: string;
      readonly grants: Grants;
    },
    call: CallContext,
  ): Promise<CredentialView>;
  /** Grants and withdrawals until the grants are exactly these. */
  abstract alignGrants(instanceId: string, grants: Grants, call: CallContext): Promise<CredentialView>;
  /** For good. A repeat, or an instance that never had a credential, is no error. */
  abstract revokeCredential(instanceId: string, call: CallContext): Promise<void>;
  /** That version of the AppSecret itself, for the Kubernetes Secret of its instance and for nothing else. */
  abstract appSecret(instanceId: string, secretVersion: number): Promise<string>;
}

/** Told to deployment, which brings the new secret to the instance. It holds no secret. */
export type AuthorizationEvent = PublicEvent<
  'authorization.app-secret-rotated.v1',
  {
    instanceId: string;
    secretVersion: number;
    /** The secret before this one is taken until then: ISO 8601, UTC. */
    previousValidUntil: string;
  }
>;
