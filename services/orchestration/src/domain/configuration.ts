import type { ConfigurationCreated, ConfigurationEvent } from './configuration.events';
import { blank, draw, type Drawing } from './drawing';

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
