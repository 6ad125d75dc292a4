import { snapshotLaws } from '@souk/event-sourcing/testing';
import type { Topology, TopologyNode } from '@souk/topology';
import fc from 'fast-check';
import type { Configuration } from './configuration';
import { type ConfigurationCommand, configurationAggregate } from './configuration.decide';
import { topologyOf } from './drawing';
import type { Edit } from './edits';

/** Objects as a literal makes them: events know no others. */
const plain = { noNullPrototype: true } as const;
const names = fc.constantFrom('a', 'b', 'c', '__proto__', '$map');
const nodes: fc.Arbitrary<TopologyNode> = fc.record(
  {
    serviceName: fc.constantFrom('a', 'b', 'c'),
    category: fc.constantFrom('custom' as const, 'init' as const),
    image: fc.constantFrom('web:1', 'web:2'),
    env: fc.dictionary(names, fc.constantFrom('1', '2'), plain),
    position: fc.record({ x: fc.nat(2), y: fc.nat(2) }, plain),
  },
  { requiredKeys: ['serviceName', 'category'], ...plain },
);
const topologies: fc.Arbitrary<Topology> = fc
  .record({
    nodes: fc.uniqueArray(nodes, { selector: ({ serviceName }) => serviceName, size: 'max', maxLength: 3 }),
    arrows: fc.uniqueArray(fc.constantFrom({ from: 'a', to: 'b' }, { from: 'b', to: 'c' }), { maxLength: 2 }),
    parameters: fc.dictionary(names, fc.record({ type: fc.constantFrom('string' as const, 'number' as const) }, plain), plain),
    secrets: fc.dictionary(
      names,
      fc.record({ source: fc.constantFrom('generated' as const, 'supplied' as const) }, plain),
      plain,
    ),
  })
  .map(({ nodes, arrows, ...declarations }) => {
    const known = new Set(nodes.map(({ serviceName }) => serviceName));
    return { nodes, arrows: arrows.filter(({ from, to }) => known.has(from) && known.has(to)), ...declarations };
  });
const name = fc.constantFrom('a', 'b', 'c');
const edits: fc.Arbitrary<Edit> = fc.oneof(
  nodes.map((node) => ({ type: 'put-node', node }) as const),
  name.map((serviceName) => ({ type: 'remove-node', serviceName }) as const),
  fc.tuple(name, fc.nat(2)).map(([serviceName, x]) => ({ type: 'move-node', serviceName, position: { x, y: 0 } }) as const),
  fc.tuple(name, name).map(([from, to]) => ({ type: 'draw-arrow', arrow: { from, to } }) as const),
  fc.tuple(name, name).map(([from, to]) => ({ type: 'erase-arrow', arrow: { from, to } }) as const),
  names.map((declared) => ({ type: 'declare-parameter', name: declared, parameter: { type: 'string' } }) as const),
  names.map((declared) => ({ type: 'remove-parameter', name: declared }) as const),
  names.map((declared) => ({ type: 'declare-secret', name: declared, secret: { source: 'supplied' } }) as const),
  names.map((declared) => ({ type: 'remove-secret', name: declared }) as const),
);
const created = {
  configurationId: 'cfg_1',
  versionId: 'ver_1',
  appId: 'app_1',
  providerTenant: 'ten_p',
  name: 'Edge',
  hosting: 'edge',
} as const;
const commands: fc.Arbitrary<ConfigurationCommand> = fc.oneof(
  fc.constant({ type: 'create-configuration', ...created } as const),
  topologies.map((topology) => ({ type: 'clone-configuration', created, topology }) as const),
  { weight: 6, arbitrary: topologies.map((topology) => ({ type: 'replace-topology', topology }) as const) },
  { weight: 6, arbitrary: edits.map((edit) => ({ type: 'edit-topology', edit }) as const) },
  fc.constant({ type: 'freeze-configuration', versionNumber: '1.0.0' } as const),
);

snapshotLaws(configurationAggregate, commands, (configuration: Configuration) =>
  configuration.status === 'none' ? configuration : { ...configuration, drawing: topologyOf(configuration.drawing) },
);
