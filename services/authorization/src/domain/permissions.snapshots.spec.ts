import { platformApis } from '@souk/contracts';
import { snapshotLaws } from '@souk/event-sourcing/testing';
import fc from 'fast-check';
import { permissionsAggregate } from './permissions.decide';

const version = { versionId: 'ver_1', providerTenant: 'ten_p' };
const permissions = fc.record({
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
