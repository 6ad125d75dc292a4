import type { Projection } from '@souk/event-sourcing';
import type { TenantEvent } from '../domain/tenant.events';

export interface TenantDoc {
  readonly tenantId: string;
  readonly name: string;
  readonly createdAt: string;
}

export const tenantsProjection: Projection<TenantDoc, TenantEvent> = {
  name: 'tenants',
  version: 1,
  streamPrefixes: ['tenant-'],
  indexes: { byName: ['name'] },
  on: {
    TenantRegistered: (_, { data: { tenantId, name }, recordedAt }) => ({ tenantId, name, createdAt: recordedAt }),
  },
};
