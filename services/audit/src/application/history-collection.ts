import type { CollectionSpec } from '@souk/event-sourcing';

/** One document for each event, by event id; all indexes in the order of the whole store. */
export const historyCollection: CollectionSpec = {
  name: 'history',
  version: 1,
  indexes: {
    all: ['position'],
    byAbout: ['about', 'position'],
    byTenant: ['tenants', 'position'],
    byCategory: ['category', 'position'],
    byType: ['type', 'position'],
    byCause: ['causationId', 'position'],
  },
};
