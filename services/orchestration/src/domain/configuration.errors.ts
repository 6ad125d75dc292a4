import { DomainError, type Problem } from '@souk/event-sourcing';
import type { ExistingConfiguration } from './configuration';

export class ConfigurationExists extends DomainError {
  readonly code = 'configuration-exists';
  constructor({ name, configurationId }: ExistingConfiguration) {
    super(`the version has a configuration named "${name}" already: "${configurationId}"`);
  }
}

export class ConfigurationUnknown extends DomainError {
  readonly code = 'configuration-unknown';
  constructor() {
    super('there is no such configuration');
  }
}

/** Its version is not a draft any more. */
export class ConfigurationFrozenForGood extends DomainError {
  readonly code = 'configuration-frozen';
  constructor(versionNumber: string) {
    super(
      `version ${versionNumber} is no draft any more, so its configurations don't change: draft another version, cloned from this one`,
    );
  }
}

/** Not even a draft may be like this. Nothing of it was stored. */
export class TopologyInvalid extends DomainError {
  readonly code = 'topology-invalid';
  override readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(
      `the topology has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`} that not even a draft may have`,
    );
    this.problems = problems;
  }
}

/** There is no topology in this Compose document. Nothing of it was stored. */
export class ComposeInvalid extends DomainError {
  readonly code = 'compose-invalid';
  override readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(
      `the Compose document gives no topology: it has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}`,
    );
    this.problems = problems;
  }
}

/** Imports are computed one after the other. */
export class TooManyImports extends DomainError {
  readonly code = 'too-many-imports';
  constructor() {
    super('too many Compose documents wait to be imported: send this one again later');
  }
}

export class NodeUnknown extends DomainError {
  readonly code = 'node-unknown';
  constructor(serviceName: string) {
    super(`the topology has no node ${JSON.stringify(serviceName)}`);
  }
}

export type ConfigurationErrorCode = (
  | TooManyImports
  | ComposeInvalid
  | ConfigurationExists
  | ConfigurationUnknown
  | ConfigurationFrozenForGood
  | TopologyInvalid
  | NodeUnknown
)['code'];
