import type { Aggregate } from '@souk/event-sourcing';
import type { TenantEvent } from './tenant.events';

/** An account: everything belongs to one. */
export type Tenant =
  { readonly status: 'none' } | { readonly status: 'registered'; readonly tenantId: string; readonly name: string };

export interface RegisterTenant {
  readonly type: 'register-tenant';
  readonly tenantId: string;
  readonly name: string;
}

export const tenantAggregate: Aggregate<Tenant, RegisterTenant, TenantEvent> = {
  category: 'tenant',
  initial: { status: 'none' },
  decide: ({ tenantId, name }, state) =>
    state.status === 'registered' ? [] : [{ type: 'TenantRegistered', data: { tenantId, name } }],
  evolve: (_, event) => ({ status: 'registered', ...event.data }),
  eventTypes: { TenantRegistered: {} },
  tenants: (state) => (state.status === 'none' ? [] : [state.tenantId]),
};
