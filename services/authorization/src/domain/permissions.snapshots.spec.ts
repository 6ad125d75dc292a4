import { platformApis } from '@souk/contracts';
import { snapshotLaws } from '@souk/event-sourcing/testing';
import fc from 'fast-check';
import { permissionsAggregate } from './permissions.decide';

const version = { versionId: 'ver_1', providerTenant: 'ten_p' };
const model = fc.constantFrom('orders', '__proto__', 'a');
const declaration = fc.record({
  apis: fc.uniqueArray(fc.constantFrom(...platformApis.slice(0, 4).map(({ name }) => name))),
  dataModels: fc.array(
    fc.record(
      {
        model: fc.constantFrom('orders', '__proto__', '$set'),
        version: fc.constantFrom('1', '2'),
        access: fc.constantFrom('read' as const, 'read-write' as const),
        subscribe: fc.boolean(),
      },
      { noNullPrototype: true },
    ),
    { maxLength: 3 },
  ),
});
const services = fc.record(
  {
    sso: fc.record({ path: fc.constantFrom('/a', '/b'), node: fc.constant('web'), port: fc.nat(2) }, { noNullPrototype: true }),
    dependencies: fc.uniqueArray(
      fc.record({ model, apis: fc.array(fc.constantFrom('x', 'y'), { maxLength: 2 }) }, { noNullPrototype: true }),
      { selector: (one) => one.model },
    ),
    provisions: fc.uniqueArray(fc.record({ model, node: fc.constant('web'), port: fc.nat(2) }, { noNullPrototype: true }), {
      selector: (one) => one.model,
    }),
  },
  { requiredKeys: [], noNullPrototype: true },
);
const permissions = fc.tuple(declaration, services).map(([one, other]) => ({ ...one, ...other }));

snapshotLaws(
  permissionsAggregate,
  fc.oneof(
    {
      weight: 6,
      arbitrary: permissions.map((permissions) => ({ type: 'replace-permissions', ...version, permissions }) as const),
    },
    { weight: 1, arbitrary: fc.constant({ type: 'freeze-permissions', ...version } as const) },
  ),
);
