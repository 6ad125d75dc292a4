import { snapshotLaws } from '@souk/event-sourcing/testing';
import type { Topology, TopologyNode } from '@souk/topology';
import fc from 'fast-check';
import type { Configuration } from './configuration';
import { type ConfigurationCommand, configurationAggregate } from './configuration.decide';
import { topologyOf } from './drawing';

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
  fc.constant({ type: 'freeze-configuration', versionNumber: '1.0.0' } as const),
);

snapshotLaws(configurationAggregate, commands, (configuration: Configuration) =>
  configuration.status === 'none' ? configuration : { ...configuration, drawing: topologyOf(configuration.drawing) },
);
