import { DomainError, type Problem } from '@souk/event-sourcing';
import type { RunningOperation } from './instance';

export class InstanceUnknown extends DomainError {
  readonly code = 'instance-not-found';
  constructor(readonly instanceId: string) {
    super(`there is no instance "${instanceId}"`);
  }
}

/** One operation at a time. Names the one to wait for. */
export class OperationRunning extends DomainError {
  readonly code = 'operation-running';
  constructor(
    readonly instanceId: string,
    readonly operation: RunningOperation,
  ) {
    super(
      `${operation.kind} "${operation.operationId}" of instance "${instanceId}" is running: wait for it, or delete the instance`,
    );
  }
}

export class InstanceGone extends DomainError {
  readonly code = 'instance-deleted';
  constructor(readonly instanceId: string) {
    super(`instance "${instanceId}" was deleted`);
  }
}

/** Nothing is begun while an operator has suspended it. */
export class InstanceSuspended extends DomainError {
  readonly code = 'instance-suspended';
  constructor(
    readonly instanceId: string,
    readonly reason: string,
  ) {
    super(`nothing is done to instance "${instanceId}" for now: ${reason}`);
  }
}

export class AlreadyStopped extends DomainError {
  readonly code = 'already-stopped';
  constructor(readonly instanceId: string) {
    super(`instance "${instanceId}" is stopped already`);
  }
}

export class AlreadyRunning extends DomainError {
  readonly code = 'already-running';
  constructor(readonly instanceId: string) {
    super(`instance "${instanceId}" runs already`);
  }
}

export class NothingToRetry extends DomainError {
  readonly code = 'nothing-to-retry';
  constructor(readonly instanceId: string) {
    super(`the last operation of instance "${instanceId}" has not failed: there is nothing to try again`);
  }
}

/** Release before upgrade (F2). */
export class TrialNotUpgradable extends DomainError {
  readonly code = 'trial-not-upgradable';
  constructor(readonly instanceId: string) {
    super(
      `instance "${instanceId}" is a trial of a draft: release the version and deploy it, only instances of released versions change their version`,
    );
  }
}

/** Nobody pays for a trial: what costs something is in none, unless an operator allows it. */
export class PlanNotForTrials extends DomainError {
  readonly code = 'plan-not-for-trials';
  constructor(override readonly problems: readonly Problem[]) {
    super(problems.map(({ message }) => message).join('; '));
  }
}

export class VersionNotDeployable extends DomainError {
  readonly code = 'version-not-released';
  constructor(
    readonly versionId: string,
    readonly status: string,
  ) {
    super(`version "${versionId}" is ${status}: only a released version can be deployed or upgraded to`);
  }
}

/** No such version, or none that this tenant may deploy: both look alike. */
export class VersionNotFound extends DomainError {
  readonly code = 'version-not-found';
  constructor(readonly versionId: string) {
    super(`there is no version "${versionId}"`);
  }
}

export class VersionOfAnotherApp extends DomainError {
  readonly code = 'version-of-another-app';
  constructor(
    readonly versionId: string,
    readonly appId: string,
  ) {
    super(`version "${versionId}" is not a version of app "${appId}"`);
  }
}

export class AlreadyAtVersion extends DomainError {
  readonly code = 'already-at-version';
  constructor(
    readonly instanceId: string,
    readonly versionNumber: string,
  ) {
    super(`instance "${instanceId}" already runs version ${versionNumber}`);
  }
}

/** A rollback leads to an earlier version, by the precedence of semantic versions. */
export class NotAnEarlierVersion extends DomainError {
  readonly code = 'not-an-earlier-version';
  constructor(
    readonly versionNumber: string,
    readonly current: string,
  ) {
    super(
      `version ${versionNumber} is not earlier than ${current}: a rollback leads to an earlier version, an upgrade to any other`,
    );
  }
}

/** The version declares more than the owner agreed to so far. */
export class ConsentRequired extends DomainError {
  readonly code = 'consent-required';
  constructor(
    readonly versionNumber: string,
    readonly permissions: readonly string[],
  ) {
    super(`version ${versionNumber} asks for more than was granted: ${permissions.join(', ')}; repeat with acceptPermissions`);
  }
}

export class ConfigurationNotDeployable extends DomainError {
  readonly code = 'configuration-not-found';
  constructor(
    readonly configuration: string,
    readonly known: readonly string[],
  ) {
    super(
      `the version has no edge configuration "${configuration}"; it has ${known.map((name) => `"${name}"`).join(', ') || 'none'}`,
    );
  }
}

/** A cluster without a matching host is refused as a target (F6). */
export class PlatformMismatch extends DomainError {
  readonly code = 'platform-mismatch';
  constructor(clusterId: string, has: readonly string[], needs: readonly string[]) {
    super(`cluster "${clusterId}" has hosts of ${has.join(', ')}; the app runs on ${needs.join(', ')}`);
  }
}

/** Everything wrong with what the buyer filled in. */
export class ParametersInvalid extends DomainError {
  readonly code = 'parameters-invalid';
  constructor(override readonly problems: readonly Problem[]) {
    super(problems.map((problem) => problem.message).join('; '));
  }
}

export class UnknownNodes extends DomainError {
  readonly code = 'unknown-node';
  constructor(readonly nodes: readonly string[]) {
    super(`these are no nodes that can be restarted or scaled: ${nodes.map((node) => `"${node}"`).join(', ')}`);
  }
}

/** Replicas beyond what a topology may ask for. */
export class ReplicasOutOfRange extends DomainError {
  readonly code = 'replicas-out-of-range';
  constructor(
    readonly node: string,
    readonly replicas: unknown,
    most: number,
  ) {
    super(
      `node "${node}" can't have ${JSON.stringify(replicas)} replicas: a whole number from 1 to ${most} is possible; none is what stopping is for`,
    );
  }
}

/** More replicas of what keeps data for one process than the version has. */
export class NodeKeepsState extends DomainError {
  readonly code = 'node-keeps-state';
  constructor(override readonly problems: readonly Problem[]) {
    super(problems.map(({ message }) => message).join('; '));
  }
}

/** Instance management of an app is closed until its first version is drafted. */
export class AppNotInitialised extends DomainError {
  readonly code = 'app-not-initialised';
  constructor(appId: string) {
    super(`the app "${appId}" is not initialised yet: POST /v1/apps/${appId}/initialise comes first`);
  }
}
