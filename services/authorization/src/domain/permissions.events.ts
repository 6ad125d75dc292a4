import type { DataModelDeclaration } from '@souk/contracts';
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

/** The version was released: what it declares is now part of its snapshot. */
export type PermissionsFrozen = DomainEvent<'PermissionsFrozen', { readonly versionId: string }>;

export type PermissionsEvent =
  PermissionsOpened | ApiPermissionDeclared | ApiPermissionWithdrawn | DataModelDeclared | DataModelWithdrawn | PermissionsFrozen;
