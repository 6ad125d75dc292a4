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

/** An instance keeps its data there. */
export class NasInUse extends DomainError {
  readonly code = 'nas-in-use';
  constructor(
    readonly clusterId: string,
    readonly instanceId: string,
  ) {
    super(`instance "${instanceId}" stores data on the network file system of cluster "${clusterId}": delete it first`);
  }
}

/** What is said of the cluster is not so, or it can't be worked on; nothing is stored. */
export class ClusterCheckFailed extends DomainError {
  readonly code = 'cluster-check-failed';
  constructor(override readonly problems: readonly Problem[]) {
    super(`the cluster can't be taken: ${problems.map((problem) => problem.message).join('; ')}${hintOf(problems)}`);
  }
}

/** Something that the configuration needs is not there, or was not granted by the owner of the cluster. */
export class ClusterUnsuitable extends DomainError {
  readonly code = 'cluster-unsuitable';
  constructor(
    readonly clusterId: string,
    override readonly problems: readonly Problem[],
  ) {
    super(`cluster "${clusterId}" does not suit the configuration: ${problems.map((problem) => problem.message).join('; ')}`);
  }
}

export class TooManyChecks extends DomainError {
  readonly code = 'too-many-cluster-checks';
  constructor() {
    super('clusters are checked a few times in a minute: try again later');
  }
}

/** No operator offers a cluster for this in that region. */
export class NoClusterAvailable extends DomainError {
  readonly code = 'no-cluster-available';
  constructor(
    readonly region: string,
    /** Of each cluster there the code of why not. Whose they are, and which, is no business of who asks. */
    codes: readonly string[],
  ) {
    const counts = [...new Set(codes)].map((code) => `${codes.filter((one) => one === code).length} × ${code}`);
    super(`no cluster in region "${region}" takes this configuration${counts.length > 0 ? `: ${counts.join(', ')}` : ''}`);
  }
}

/** A configuration for the edge goes to a cluster, one for the cloud to a region. */
export class WrongTarget extends DomainError {
  readonly code = 'wrong-target';
  constructor(configuration: string, hosting: 'edge' | 'cloud') {
    super(
      hosting === 'edge'
        ? `configuration "${configuration}" is for the edge: name the cluster that it goes to, and no region`
        : `configuration "${configuration}" is for the cloud: name the region that it goes to, and no cluster`,
    );
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

function hintOf(problems: readonly Problem[]): string {
  if (!problems.some(({ code }) => code === 'access-missing')) return '';
  return '; all that is needed of a cluster gives `kubectl apply -f -` what GET /v1/clusters/cluster-role answers';
}
