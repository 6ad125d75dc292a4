import { DomainError, type Problem } from '@souk/event-sourcing';

/** No such cluster, or none that this tenant may use: both look alike. */
export class ClusterNotFound extends DomainError {
  readonly code = 'cluster-not-found';
  constructor(readonly clusterId: string) {
    super(`there is no cluster "${clusterId}"`);
  }
}

export class ClusterInUse extends DomainError {
  readonly code = 'cluster-in-use';
  constructor(
    readonly clusterId: string,
    readonly instanceId: string,
  ) {
    super(`instance "${instanceId}" runs on cluster "${clusterId}": delete it first`);
  }
}

export class KubeconfigRefused extends DomainError {
  readonly code = 'kubeconfig-refused';
  constructor(override readonly problems: readonly Problem[]) {
    super(`the kubeconfig can't be taken: ${problems.map((problem) => problem.message).join('; ')}`);
  }
}

export class SimulatedClusterUnavailable extends DomainError {
  readonly code = 'no-simulated-cluster';
  constructor() {
    super('this marketplace runs no simulated cluster: register a cluster by its kubeconfig');
  }
}

/** The cluster does not answer (now). */
export class ClusterUnreachable extends DomainError {
  readonly code = 'cluster-unreachable';
  constructor(
    readonly clusterId: string,
    readonly detail: string,
  ) {
    super(`cluster "${clusterId}" can't be reached: ${detail}`);
  }
}
