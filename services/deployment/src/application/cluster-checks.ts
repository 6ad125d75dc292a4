import { Injectable } from '@nestjs/common';
import type { Problem } from '@souk/event-sourcing';
import { AccessDenied, KubernetesCluster, type KubernetesEndpoint, KubernetesError, NotFound } from '@souk/kubernetes';
import type { HostCapacity } from '../domain/capacity';
import { checkProblems, type ClusterClaims, type ClusterFindings } from '../domain/cluster-check';
import { accessInWords, neededAccess } from './cluster-access';
import { hostCapacities } from './cluster-workplace';
import { DeploymentSettings } from './deployment-settings';

/** What a cluster has shown, and what stands in the way of taking it. */
export interface ClusterReport {
  readonly problems: readonly Problem[];
  /** Of Kubernetes, where it answered. */
  readonly version?: string;
  readonly hosts: readonly HostCapacity[];
}

/** Asks a cluster whether it is what its owner says, and whether it can be worked on. By a client of its own, which is closed again. */
@Injectable()
export class ClusterChecks {
  constructor(private readonly settings: DeploymentSettings) {}

  async report(endpoint: () => Promise<KubernetesEndpoint>, claims: ClusterClaims): Promise<ClusterReport> {
    const cluster = new KubernetesCluster(endpoint, { timeoutMs: this.settings.checkTimeoutMs });
    try {
      const findings = await findingsOf(cluster, claims);
      const { version, hosts = [] } = findings;
      return { problems: checkProblems(claims, findings), version: version.gitVersion, hosts };
    } catch (error) {
      if (!(error instanceof KubernetesError)) throw error;
      const code = error instanceof AccessDenied ? 'credentials-refused' : 'cluster-unreachable';
      return { problems: [{ code, pointer: '/connection', message: error.message }], hosts: [] };
    } finally {
      cluster.close();
    }
  }
}

/** @throws KubernetesError where it does not answer, or does not know its user */
async function findingsOf(cluster: KubernetesCluster, { nas }: ClusterClaims): Promise<ClusterFindings> {
  const version = await cluster.version();
  const needed = neededAccess();
  const [allowed, hosts, hasStorageClass] = await Promise.all([
    Promise.all(needed.map((access) => cluster.allows(access))),
    unlessDenied(hostCapacities(cluster)),
    nas && unlessDenied(isThere(cluster, nas.storageClass)),
  ]);
  return {
    version,
    denied: needed.filter((_, i) => !allowed[i]).map(accessInWords),
    ...(hosts && { hosts }),
    ...(hasStorageClass !== undefined && { hasStorageClass }),
  };
}

async function isThere(cluster: KubernetesCluster, name: string): Promise<boolean> {
  try {
    await cluster.get({ kind: 'StorageClass', name });
    return true;
  } catch (error) {
    if (error instanceof NotFound) return false;
    throw error;
  }
}

/** What is not allowed is a finding of its own. */
async function unlessDenied<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AccessDenied) return undefined;
    throw error;
  }
}
