import { type Aggregate, assertNever } from '@souk/event-sourcing';
import type { Topology } from '@souk/topology';
import { type Configuration, evolve, type ExistingConfiguration, noConfiguration, snapshots } from './configuration';
import { ConfigurationExists, ConfigurationFrozenForGood, ConfigurationUnknown, TopologyInvalid } from './configuration.errors';
import type { ConfigurationCreated, ConfigurationEvent, ConfigurationFrozen, DrawingEvent } from './configuration.events';
import { factsBetween, factSteps, topologyOf, topologySteps } from './drawing';
import { type Edit, factsOf, refusals, refusalSteps, weighingSteps } from './edits';

export type CreateConfiguration = { readonly type: 'create-configuration' } & ConfigurationCreated['data'];
/** Begins a configuration as a copy of another one. */
export type CloneConfiguration = {
  readonly type: 'clone-configuration';
  readonly created: ConfigurationCreated['data'];
  readonly topology: Topology;
};
export type ReplaceTopology = { readonly type: 'replace-topology'; readonly topology: Topology };
export type FreezeConfiguration = { readonly type: 'freeze-configuration'; readonly versionNumber: string };

export type EditTopology = { readonly type: 'edit-topology'; readonly edit: Edit };

export type ConfigurationCommand =
  CreateConfiguration | CloneConfiguration | ReplaceTopology | EditTopology | FreezeConfiguration;

export const configurationAggregate: Aggregate<Configuration, ConfigurationCommand, ConfigurationEvent> = {
  category: 'configuration',
  eventTypes: {
    ConfigurationCreated: {},
    NodeAdded: {},
    NodeSettingsChanged: {},
    NodeMoved: {},
    NodeRemoved: {},
    ArrowDrawn: {},
    ArrowErased: {},
    ParameterDeclared: {},
    ParameterRemoved: {},
    SecretDeclared: {},
    SecretRemoved: {},
    ConfigurationFrozen: {},
  },
  initial: noConfiguration,
  snapshots,
  tenants: (configuration) => (configuration.status === 'none' ? [] : [configuration.providerTenant]),
  evolve,

  *prepare(command, configuration) {
    if (command.type === 'clone-configuration') yield* factSteps(topologyOf(undefined), command.topology);
    if (configuration.status !== 'draft') return;
    if (command.type !== 'replace-topology' && command.type !== 'edit-topology') return;
    const before = yield* topologySteps(configuration.drawing);
    if (command.type === 'edit-topology') yield* weighingSteps(before);
    else if ((yield* refusalSteps(command.topology)).length === 0) yield* factSteps(before, command.topology);
  },

  decide(command, configuration) {
    if (command.type === 'create-configuration') return create(command, configuration);
    if (command.type === 'clone-configuration') return clone(command, configuration);
    if (configuration.status === 'none') throw new ConfigurationUnknown();
    switch (command.type) {
      case 'replace-topology':
        return replace(command, configuration);
      case 'edit-topology':
        return edit(command, configuration);
      case 'freeze-configuration':
        return freeze(command, configuration);
      default:
        return assertNever(command);
    }
  },
};

const create = (command: CreateConfiguration, configuration: Configuration): ConfigurationCreated[] => {
  if (configuration.status !== 'none') throw new ConfigurationExists(configuration);
  const { configurationId, versionId, appId, providerTenant, name, hosting } = command;
  return [{ type: 'ConfigurationCreated', data: { configurationId, versionId, appId, providerTenant, name, hosting } }];
};

const clone = ({ created, topology }: CloneConfiguration, configuration: Configuration): ConfigurationEvent[] => {
  if (configuration.status !== 'none') return [];
  return [{ type: 'ConfigurationCreated', data: created }, ...factsBetween(topologyOf(undefined), topology)];
};

const replace = ({ topology }: ReplaceTopology, configuration: ExistingConfiguration): readonly DrawingEvent[] => {
  if (configuration.status === 'frozen') throw new ConfigurationFrozenForGood(configuration.versionNumber);
  const problems = refusals(topology);
  if (problems.length > 0) throw new TopologyInvalid(problems);
  return factsBetween(topologyOf(configuration.drawing), topology);
};

const edit = (command: EditTopology, configuration: ExistingConfiguration): readonly DrawingEvent[] => {
  if (configuration.status === 'frozen') throw new ConfigurationFrozenForGood(configuration.versionNumber);
  return factsOf(command.edit, topologyOf(configuration.drawing));
};

const freeze = ({ versionNumber }: FreezeConfiguration, configuration: ExistingConfiguration): ConfigurationFrozen[] => {
  if (configuration.status === 'frozen') return [];
  return [{ type: 'ConfigurationFrozen', data: { versionNumber } }];
};
