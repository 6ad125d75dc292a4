const inService = '^services/([^/]+)/src/';
const only = (name, technology, lib) => ({
  name,
  comment: `${technology} is imported from libs/${lib} only`,
  severity: 'error',
  from: { pathNot: `^libs/${lib}/|^bench/` },
  to: { path: `^node_modules/(${technology})/` },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'domain-is-pure',
      comment: 'domain → domain, libs/event-sourcing, libs/topology and the types of libs/contracts',
      severity: 'error',
      from: { path: `${inService}domain/`, pathNot: '\\.spec\\.ts$' },
      to: { pathNot: [`^services/$1/src/domain/`, '^libs/(event-sourcing|topology|contracts)/', '^node:crypto$', '^crypto$'] },
    },
    {
      name: 'projections-fold-domain-events',
      severity: 'error',
      from: { path: `${inService}projections/`, pathNot: '\\.spec\\.ts$' },
      to: { pathNot: [`^services/$1/src/(domain|projections)/`, '^libs/(event-sourcing|topology|contracts)/'] },
    },
    {
      name: 'application-knows-no-edge',
      severity: 'error',
      from: { path: `${inService}application/` },
      to: { path: `^services/$1/src/(edges|adapters)/` },
    },
    {
      name: 'adapters-implement-ports',
      severity: 'error',
      from: { path: `${inService}adapters/` },
      to: { path: `^services/$1/src/edges/` },
    },
    {
      name: 'only-the-module-names-adapters',
      severity: 'error',
      from: { path: inService, pathNot: '\\.module\\.ts$|/adapters/|\\.spec\\.ts$' },
      to: { path: `^services/$1/src/adapters/` },
    },
    {
      name: 'services-meet-in-contracts',
      severity: 'error',
      from: { path: '^services/(?!marketplace/)([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/($1|marketplace/testing)/' },
    },
    { name: 'libs-know-no-service', severity: 'error', from: { path: '^libs/' }, to: { path: '^services/' } },
    {
      name: 'event-sourcing-is-the-root',
      severity: 'error',
      from: { path: '^libs/event-sourcing/src/', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: ['^libs/event-sourcing/src/', '^node:crypto$', '^crypto$'] },
    },
    only('lmdb-in-one-lib', 'lmdb', 'lmdb'),
    only('eventstoredb-in-one-lib', '@eventstore/db-client', 'event-store'),
    only('nats-in-one-lib', 'nats', 'messaging'),
    only('mongodb-in-one-lib', 'mongodb', 'mongo'),
    only('alibaba-in-one-lib', '@alicloud/[^/]+|@darabonba/typescript', 'managed-resources'),
    only('kubernetes-in-one-lib', '@kubernetes/client-node', 'kubernetes'),
    only('canonical-json-in-one-lib', 'canonicalize', 'topology'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['require', 'node', 'default', 'types'] },
  },
};
