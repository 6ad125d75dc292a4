import { Injectable } from '@nestjs/common';
import type { Problem } from '@souk/event-sourcing';
import {
  type Access,
  AccessDenied,
  KubernetesCluster,
  type KubernetesEndpoint,
  KubernetesError,
  NotFound,
} from '@souk/kubernetes';
import type { HostCapacity } from '../domain/capacity';
import {
  checkProblems,
  checkWarnings,
  type ClusterClaims,
  type ClusterFindings,
  type FoundStorageClass,
} from '../domain/cluster-check';
import { accessInWords, neededAccess } from './cluster-access';
import { hostCapacities } from './cluster-workplace';
import { DeploymentSettings } from './deployment-settings';

/** What a cluster has shown, and what stands in the way of taking it. */
export interface ClusterReport {
  readonly problems: readonly Problem[];
  /** What stands in nobody's way, and is to be known. */
  readonly warnings: readonly Problem[];
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
      const problems = checkProblems(claims, findings);
      return { problems, warnings: checkWarnings(claims, findings), version: version.gitVersion, hosts };
    } catch (error) {
      if (!(error instanceof KubernetesError)) throw error;
      const code = error instanceof AccessDenied ? 'credentials-refused' : 'cluster-unreachable';
      return { problems: [{ code, pointer: '/connection', message: error.message }], warnings: [], hosts: [] };
    } finally {
      cluster.close();
    }
  }
}

const PARALLEL = 8;

/** @throws KubernetesError where it does not answer, or does not know its user */
async function findingsOf(cluster: KubernetesCluster, { nas }: ClusterClaims): Promise<ClusterFindings> {
  const version = await cluster.version();
  const [denied, hosts, storageClass] = await Promise.all([
    deniedOn(cluster),
    unlessDenied(hostCapacities(cluster)),
    nas && unlessDenied(storageClassNamed(cluster, nas.storageClass)),
  ]);
  return {
    version,
    denied,
    ...(hosts && { hosts }),
    ...(storageClass !== undefined && { storageClass }),
  };
}

/** A few questions at a time: the hosts of edge clusters are small. */
async function deniedOn(cluster: KubernetesCluster): Promise<string[]> {
  const needed = neededAccess();
  const denied = new Set<Access>();
  const waiting = needed.values();
  const ask = async () => {
    for (const access of waiting) if (!(await cluster.allows(access))) denied.add(access);
  };
  await Promise.all(Array.from({ length: PARALLEL }, ask));
  return needed.filter((access) => denied.has(access)).map(accessInWords);
}

async function storageClassNamed(cluster: KubernetesCluster, name: string): Promise<FoundStorageClass | null> {
  try {
    const { reclaimPolicy } = await cluster.get({ kind: 'StorageClass', name });
    return typeof reclaimPolicy === 'string' ? { reclaimPolicy } : {};
  } catch (error) {
    if (error instanceof NotFound) return null;
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
