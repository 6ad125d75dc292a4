import type { Principal } from '@souk/platform';
import type { Validated } from '../application/validated';
import type { Configuration, ExistingConfiguration } from '../domain/configuration';
import { topologyOf } from '../domain/drawing';
import type { ConfigurationDoc } from '../projections/configurations.projection';

/** Those of one's own account; all of them as an operator. */
export function mayRead({ providerTenant }: { readonly providerTenant: string }, { tenant, role }: Principal): boolean {
  return role === 'operator' || providerTenant === tenant;
}

/** A configuration with everything that is needed to draw it again. */
export function configurationView({ drawing, ...configuration }: ExistingConfiguration, revision: number) {
  return { ...configuration, revision, topology: topologyOf(drawing) };
}

/** A configuration in a list. */
export function configurationItem({ configurationId, versionId, name, hosting, status, revision, changedAt }: ConfigurationDoc) {
  return { configurationId, versionId, name, hosting, status, revision, changedAt };
}

/** What was found, and the order in which the nodes would deploy. */
export function validationView(
  { configurationId }: ExistingConfiguration,
  revision: number,
  { problems, warnings }: Validated,
  waves: readonly (readonly string[])[],
) {
  return { configurationId, revision, releasable: problems.length === 0, problems, warnings, waves };
}

/** A configuration as of some point. Nodes and arrows go by their names, so that a difference points at a node and not at a place in a list. */
export function configurationState(configuration: Configuration, principal: Principal): object | undefined {
  if (configuration.status === 'none' || !mayRead(configuration, principal)) return undefined;
  const { drawing, ...known } = configuration;
  const { nodes, arrows, parameters, secrets } = topologyOf(drawing);
  return {
    ...known,
    nodes: Object.fromEntries(nodes.map((node) => [node.serviceName, node])),
    arrows: Object.fromEntries(arrows.map((arrow) => [`${arrow.from} -> ${arrow.to}`, arrow])),
    parameters,
    secrets,
  };
}
