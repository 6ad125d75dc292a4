import type { DataModelDeclaration, ServiceDependency, ServiceProvision, SsoDeclaration } from '@souk/contracts';
import type { DomainEvent } from '@souk/event-sourcing';

/** The declaration of a version was begun; always the first fact. */
export type PermissionsOpened = DomainEvent<'PermissionsOpened', { readonly versionId: string; readonly providerTenant: string }>;

export type ApiPermissionDeclared = DomainEvent<'ApiPermissionDeclared', { readonly versionId: string; readonly api: string }>;
export type ApiPermissionWithdrawn = DomainEvent<'ApiPermissionWithdrawn', { readonly versionId: string; readonly api: string }>;

/** Also when a model that was declared before is declared anew with other access. */
export type DataModelDeclared = DomainEvent<'DataModelDeclared', { readonly versionId: string } & DataModelDeclaration>;
export type DataModelWithdrawn = DomainEvent<
  'DataModelWithdrawn',
  { readonly versionId: string; readonly model: string; readonly version: string }
>;

/** Where users of the edge console are signed in; also when it was declared otherwise before. */
export type SsoDeclared = DomainEvent<'SsoDeclared', { readonly versionId: string } & SsoDeclaration>;
export type SsoWithdrawn = DomainEvent<'SsoWithdrawn', { readonly versionId: string }>;

/** Also when it was declared with other APIs before. */
export type ServiceDependencyDeclared = DomainEvent<
  'ServiceDependencyDeclared',
  { readonly versionId: string } & ServiceDependency
>;
export type ServiceDependencyWithdrawn = DomainEvent<
  'ServiceDependencyWithdrawn',
  { readonly versionId: string; readonly model: string }
>;

/** Also when it was declared of another node or port before. */
export type ServiceProvisionDeclared = DomainEvent<'ServiceProvisionDeclared', { readonly versionId: string } & ServiceProvision>;
export type ServiceProvisionWithdrawn = DomainEvent<
  'ServiceProvisionWithdrawn',
  { readonly versionId: string; readonly model: string }
>;

/** The version was released: what it declares is now part of its snapshot. */
export type PermissionsFrozen = DomainEvent<'PermissionsFrozen', { readonly versionId: string }>;

export type PermissionsEvent =
  | PermissionsOpened
  | ApiPermissionDeclared
  | ApiPermissionWithdrawn
  | DataModelDeclared
  | DataModelWithdrawn
  | SsoDeclared
  | SsoWithdrawn
  | ServiceDependencyDeclared
  | ServiceDependencyWithdrawn
  | ServiceProvisionDeclared
  | ServiceProvisionWithdrawn
  | PermissionsFrozen;
