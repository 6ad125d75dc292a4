import { Injectable, Logger } from '@nestjs/common';
import type { Problem } from '@souk/event-sourcing';
import {
  type Access,
  AccessDenied,
  KubernetesCluster,
  type KubernetesEndpoint,
  KubernetesError,
  NotFound,
} from '@souk/kubernetes';
import { LRUCache } from 'lru-cache';
import { allowed, type Remainder } from '../../domain/logs/byte-allowance';
import type { HostCapacity } from '../../domain/clusters/capacity';
import {
  checkProblems,
  checkWarnings,
  type ClusterClaims,
  type ClusterFindings,
  type FoundStorageClass,
} from '../../domain/clusters/cluster-check';
import { TooManyChecks } from '../../domain/clusters/cluster.errors';
import { accessInWords, neededAccess } from './cluster-access';
import { hostCapacities } from './cluster-workplace';
import { DeploymentSettings } from '../deployment-settings';

/** What one account may ask for: whoever sets a cluster up tries a few times. On average one in two seconds. */
const ALLOWANCE = { burst: 60, perSecond: 0.5 };

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
  private readonly logger = new Logger('cluster-checks');
  private readonly remainders = new LRUCache<string, Remainder>({ max: 10_000 });

  constructor(private readonly settings: DeploymentSettings) {}

  /** Checks call wherever somebody says: nobody is to map a network by them. @throws TooManyChecks */
  count(tenant: string): void {
    const remainder = allowed(this.remainders.get(tenant), 1, performance.now(), ALLOWANCE);
    if (!remainder) throw new TooManyChecks();
    this.remainders.set(tenant, remainder);
  }

  async report(endpoint: () => Promise<KubernetesEndpoint>, claims: ClusterClaims): Promise<ClusterReport> {
    const cluster = new KubernetesCluster(endpoint, { timeoutMs: this.settings.checkTimeoutMs });
    try {
      const findings = await findingsOf(cluster, claims);
      const { version, hosts = [] } = findings;
      const problems = checkProblems(claims, findings);
      return { problems, warnings: checkWarnings(claims, findings), version: version.gitVersion, hosts };
    } catch (error) {
      if (!(error instanceof KubernetesError)) throw error;
      this.logger.warn({ said: error.message, code: error.code }, 'a cluster could not be checked');
      // Its own words, or those of whoever else listens there, would tell more of a network than whether a cluster answers.
      const [code, message] =
        error instanceof AccessDenied
          ? ['credentials-refused', 'it does not know the user of the kubeconfig']
          : ['cluster-unreachable', 'it does not answer as a cluster does'];
      return { problems: [{ code, pointer: '/connection', message }], warnings: [], hosts: [] };
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
