import { atOnce, fold } from '@souk/event-sourcing';
import { given } from '@souk/event-sourcing/testing';
import { emptyTopology, type Topology, type TopologyNode } from '@souk/topology';
import { type ConfigurationCommand, configurationAggregate } from './configuration.decide';
import { ConfigurationExists, ConfigurationFrozenForGood, ConfigurationUnknown, TopologyInvalid } from './configuration.errors';
import type { ConfigurationCreated, ConfigurationEvent } from './configuration.events';
import { topologyOf } from './drawing';

const created: ConfigurationCreated = {
  type: 'ConfigurationCreated',
  data: { configurationId: 'cfg_1', versionId: 'ver_1', appId: 'app_1', providerTenant: 'ten_p', name: 'Edge', hosting: 'edge' },
};
const tomcat: TopologyNode = { serviceName: 'tomcat', category: 'custom', image: 'tomcat:1', position: { x: 1, y: 1 } };
const mysql: TopologyNode = {
  serviceName: 'mysql',
  category: 'third-party',
  preset: 'mysql',
  env: { MYSQL_ROOT_PASSWORD: '${secret.root}' },
};
const shop: Topology = {
  nodes: [tomcat, mysql],
  arrows: [{ from: 'tomcat', to: 'mysql' }],
  parameters: { mail: { type: 'string' } },
  secrets: { root: { source: 'generated' } },
};
const drawn: ConfigurationEvent[] = [
  { type: 'NodeAdded', data: { node: tomcat } },
  { type: 'NodeAdded', data: { node: mysql } },
  { type: 'ArrowDrawn', data: { from: 'tomcat', to: 'mysql' } },
  { type: 'ParameterDeclared', data: { name: 'mail', parameter: { type: 'string' } } },
  { type: 'SecretDeclared', data: { name: 'root', secret: { source: 'generated' } } },
];
const frozen: ConfigurationEvent = { type: 'ConfigurationFrozen', data: { versionNumber: '1.0.0' } };
const replace = (topology: Topology): ConfigurationCommand => ({ type: 'replace-topology', topology });

describe('Configuration', () => {
  describe('that does not exist', () => {
    it('is created for a version', () =>
      given(configurationAggregate)
        .when({ type: 'create-configuration', ...created.data })
        .then(created));
    it('begins as a copy of another one, in one append', () =>
      given(configurationAggregate)
        .when({ type: 'clone-configuration', created: created.data, topology: shop })
        .then(created, ...drawn));
    it('has no topology', () => given(configurationAggregate).when(replace(shop)).thenRefused(ConfigurationUnknown));
    it('is not frozen', () =>
      given(configurationAggregate)
        .when({ type: 'freeze-configuration', versionNumber: '1.0.0' })
        .thenRefused(ConfigurationUnknown));
  });

  describe('draft', () => {
    it('keeps its name to itself', () =>
      given(configurationAggregate, created)
        .when({ type: 'create-configuration', ...created.data })
        .thenRefused(ConfigurationExists));
    it('is not written over by a copy', () =>
      given(configurationAggregate, created)
        .when({ type: 'clone-configuration', created: created.data, topology: shop })
        .thenNothing());
    it('is drawn in facts', () =>
      given(configurationAggregate, created)
        .when(replace(shop))
        .then(...drawn));
    it('says nothing new when drawn as it is, whatever the order', () =>
      given(configurationAggregate, created, ...drawn)
        .when(replace({ ...shop, nodes: shop.nodes.toReversed() }))
        .thenNothing());

    it.each<[string, ConfigurationCommand]>([
      ['a replacement', replace({ ...shop, nodes: [{ ...tomcat, image: 'tomcat:2' }, mysql] })],
      ['an edit', { type: 'edit-topology', edit: { type: 'put-node', node: { ...tomcat, image: 'tomcat:2' } } }],
      ['a copy', { type: 'clone-configuration', created: created.data, topology: shop }],
    ])('decides the same about %s whether it was prepared or not', (_, command) => {
      const before = command.type === 'clone-configuration' ? [] : [created, ...drawn];
      const unprepared = configurationAggregate.decide(structuredClone(command), fold(configurationAggregate, before));
      const state = fold(configurationAggregate, before);
      atOnce(configurationAggregate.prepare!(command, state));
      expect(configurationAggregate.decide(command, state)).toEqual(unprepared);
      expect(unprepared).not.toEqual([]);
    });

    it('turns a bulk replace into what differs', () =>
      given(configurationAggregate, created, ...drawn)
        .when(
          replace({
            nodes: [
              { ...tomcat, image: 'tomcat:2', position: { x: 5, y: 5 } },
              { serviceName: 'job', category: 'init', image: 'job:1' },
            ],
            arrows: [{ from: 'tomcat', to: 'job' }],
            parameters: { mail: { type: 'string', required: true } },
            secrets: {},
          }),
        )
        .then(
          { type: 'ArrowErased', data: { from: 'tomcat', to: 'mysql' } },
          { type: 'NodeRemoved', data: { serviceName: 'mysql' } },
          { type: 'NodeAdded', data: { node: { serviceName: 'job', category: 'init', image: 'job:1' } } },
          {
            type: 'NodeSettingsChanged',
            data: { serviceName: 'tomcat', settings: { serviceName: 'tomcat', category: 'custom', image: 'tomcat:2' } },
          },
          { type: 'NodeMoved', data: { serviceName: 'tomcat', position: { x: 5, y: 5 } } },
          { type: 'ArrowDrawn', data: { from: 'tomcat', to: 'job' } },
          { type: 'ParameterDeclared', data: { name: 'mail', parameter: { type: 'string', required: true } } },
          { type: 'SecretRemoved', data: { name: 'root' } },
        ));

    it('moves a node without touching its settings', () =>
      given(configurationAggregate, created, ...drawn)
        .when(replace({ ...shop, nodes: [{ ...tomcat, position: { x: 9, y: 9 } }, mysql] }))
        .then({ type: 'NodeMoved', data: { serviceName: 'tomcat', position: { x: 9, y: 9 } } }));

    it.each<[string, Partial<Topology>, string[]]>([
      ['a cycle', { arrows: [...shop.arrows, { from: 'mysql', to: 'tomcat' }] }, ['cycle']],
      ['an arrow to a missing node', { arrows: [{ from: 'tomcat', to: 'x' }] }, ['node-missing']],
      ['a doubled name', { nodes: [tomcat, tomcat] }, ['service-name-duplicate', 'node-missing']],
      ['a name that is no label', { nodes: [{ ...tomcat, serviceName: 'Tom_Cat' }], arrows: [] }, ['service-name-invalid']],
      ['a password in the clear', { nodes: [tomcat, { ...mysql, env: { MYSQL_ROOT_PASSWORD: 'hunter2' } }] }, ['secret-literal']],
      ['a node too large for an event', { nodes: [{ ...tomcat, env: { A: 'é'.repeat(120_000) } }, mysql] }, ['node-too-large']],
    ])('refuses %s', (_, change, codes) => {
      const state = fold(configurationAggregate, [created]);
      let refusal: unknown;
      try {
        configurationAggregate.decide(replace({ ...shop, ...change }), state);
      } catch (error) {
        refusal = error;
      }
      expect(refusal).toBeInstanceOf(TopologyInvalid);
      expect((refusal as TopologyInvalid).problems.map(({ code }) => code)).toEqual(codes);
      expect(JSON.stringify((refusal as TopologyInvalid).problems)).not.toContain('hunter2');
    });

    it('may have any other problem', () =>
      given(configurationAggregate, created)
        .when(replace({ ...emptyTopology, nodes: [{ serviceName: 'a', category: 'custom', replicas: -1 }] }))
        .then({ type: 'NodeAdded', data: { node: { serviceName: 'a', category: 'custom', replicas: -1 } } }));

    it('is frozen with its version', () =>
      given(configurationAggregate, created, ...drawn)
        .when({ type: 'freeze-configuration', versionNumber: '1.0.0' })
        .then(frozen));
  });

  describe('frozen', () => {
    it('is not drawn any more', () =>
      given(configurationAggregate, created, frozen).when(replace(shop)).thenRefused(ConfigurationFrozenForGood));
    it('is frozen once', () =>
      given(configurationAggregate, created, frozen)
        .when({ type: 'freeze-configuration', versionNumber: '1.0.0' })
        .thenNothing());
    it('keeps its drawing', () => {
      const state = fold(configurationAggregate, [created, ...drawn, frozen]);
      expect(state.status !== 'none' && topologyOf(state.drawing).nodes.map(({ serviceName }) => serviceName)).toEqual([
        'mysql',
        'tomcat',
      ]);
    });
  });
});
