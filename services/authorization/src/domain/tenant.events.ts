import type { DomainEvent } from '@souk/event-sourcing';

export type TenantRegistered = DomainEvent<'TenantRegistered', { readonly tenantId: string; readonly name: string }>;

export type TenantEvent = TenantRegistered;
