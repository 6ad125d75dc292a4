import type { Snapshots } from '@souk/event-sourcing';
import type { Topology } from '@souk/topology';
import type { ConfigurationCreated, ConfigurationEvent } from './configuration.events';
import { blank, draw, drawn, type Drawing, topologyOf } from './drawing';

type Known = ConfigurationCreated['data'] & { readonly drawing: Drawing };

/** `none → draft → frozen` */
export type Configuration =
  | { readonly status: 'none' }
  | (Known & { readonly status: 'draft' })
  | (Known & { readonly status: 'frozen'; readonly versionNumber: string });

export type ExistingConfiguration = Exclude<Configuration, { status: 'none' }>;

export const noConfiguration: Configuration = { status: 'none' };

export function evolve(configuration: Configuration, event: ConfigurationEvent): Configuration {
  if (event.type === 'ConfigurationCreated') return { status: 'draft', ...event.data, drawing: blank };
  if (configuration.status === 'none') return configuration;
  if (event.type === 'ConfigurationFrozen')
    return { ...configuration, status: 'frozen', versionNumber: event.data.versionNumber };
  return { ...configuration, drawing: draw(configuration.drawing, event) };
}

type Packed =
  Exclude<Configuration, ExistingConfiguration> | (Omit<ExistingConfiguration, 'drawing'> & { readonly topology: Topology });

/** What was drawn, and not how. */
export const snapshots: Snapshots<Configuration> = {
  version: 1,
  form: {
    pack(configuration): Packed {
      if (configuration.status === 'none') return configuration;
      const { drawing, ...known } = configuration;
      return { ...known, topology: topologyOf(drawing) };
    },
    unpack(packed: Packed): Configuration {
      if (!('topology' in packed)) return packed;
      const { topology, ...known } = packed;
      return { ...known, drawing: drawn(topology) } as ExistingConfiguration;
    },
  },
};
