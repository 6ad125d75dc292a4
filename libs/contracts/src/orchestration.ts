import type { Problem } from '@souk/event-sourcing';
import type { Topology } from '@souk/topology';
import type { CallContext } from './call';

export type ConfigurationHosting = 'edge' | 'cloud';

/** A configuration at one revision, with everything that is wrong with it. */
export interface ConfigurationAtRevision {
  readonly configurationId: string;
  readonly versionId: string;
  readonly providerTenant: string;
  readonly name: string;
  readonly hosting: ConfigurationHosting;
  readonly revision: number;
  readonly topology: Topology;
  /** Problems that stand in the way of a release, pointers relative to the topology document. */
  readonly problems: readonly Problem[];
  /** What should be looked at before a release, and is in nobody's way. */
  readonly warnings: readonly Problem[];
}

/** Asked by release. */
export abstract class OrchestrationQueries {
  /** All configurations of a version at their newest revision, by name. Reads the truth, not a projection. */
  abstract configurationsOf(versionId: string): Promise<readonly ConfigurationAtRevision[]>;
}

/** Commanded by release. */
export abstract class OrchestrationCommands {
  /**
   * Copies all configurations of one draft or released version into another version. Their ids derive from (target version, name):
   * a repeated call has one effect.
   */
  abstract cloneConfigurations(fromVersionId: string, toVersionId: string, call: CallContext): Promise<void>;
}
