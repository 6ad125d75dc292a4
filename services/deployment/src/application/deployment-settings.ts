import type { WaitCode } from '../domain/operations/operation.events';
import type { LogDestination } from '../domain/render/log-collector';
import type { ClusterOptions } from '@souk/kubernetes';

/** What this service needs to know of its surroundings. Its own token. */
export abstract class DeploymentSettings {
  /** Base URL of the platform's API, as instances on clusters reach it. Asked when something is rendered. */
  abstract readonly apiUrl: () => string;
  /** The file in which a simulated cluster tells where it listens; absent where the marketplace runs none. */
  abstract readonly simulatedKubeconfig?: string;
  /** Networks (CIDR) that a registered cluster may be in although none should be there, such as loopback in a test. */
  abstract readonly allowedClusterAddresses: readonly string[];
  /** How long a node may take to become ready, in milliseconds. */
  abstract readonly nodeTimeoutMs: number;
  /**
   * How long trouble that seldom passes by itself is waited for where there is a version to go back to, in milliseconds; long enough
   * for a registry that is away for a moment. What is not named here has the node's full time.
   */
  abstract readonly patienceMs: Readonly<Partial<Record<WaitCode, number>>>;
  /** Instances that are worked on at the same time, on one cluster. */
  abstract readonly parallelInstances: number;
  /** How long a cluster may be away before its operations say so, in milliseconds. */
  abstract readonly stallAfterMs: number;
  /** Where log collectors send what they read, where that is not the platform. */
  abstract readonly logs?: LogDestination;
  /** Folder for the logs of instances, of this process alone; without it none are kept. */
  abstract readonly logDirectory?: string;
  /** How clusters are called, where it is not as usual. */
  abstract readonly clusterCalls?: Partial<ClusterOptions>;
  /** How long the simulated cloud takes for everything, in milliseconds; absent where there is none. */
  abstract readonly simulatedCloudMs?: number;
  /** A file with an account of Alibaba Cloud; absent where there is none. */
  abstract readonly alibabaFile?: string;
  /** Plans (`service/plan`) that trials may use beside those of the simulated cloud: nobody pays for a trial. */
  abstract readonly trialCloudPlans: readonly string[];
  /** How often the provider of a managed resource is asked how it goes, at first and at last, in milliseconds. */
  abstract readonly cloudPollMs: { readonly first: number; readonly longest: number };
  /** After which time a call to a service broker is given up, in milliseconds. */
  abstract readonly cloudCallTimeoutMs: number;
  /** How often every cluster with instances is looked at, in milliseconds. */
  abstract readonly driftMs: number;
  /** How long an instance may be unwell, or well again, before that is told, in milliseconds. */
  abstract readonly unhealthyAfterMs: number;
  /** How long something of a deleted instance is left alone, in milliseconds. */
  abstract readonly orphanGraceMs: number;
  /** How often each cluster is looked at, on average, in milliseconds. */
  abstract readonly watchIntervalMs: number;
  /** How long a cluster may take to answer one question when it is checked or looked at, in milliseconds. */
  abstract readonly checkTimeoutMs: number;
  /** How long watches on a cluster go on after its last operation, in milliseconds. */
  abstract readonly idleMs: number;
}

export const defaultSettings = {
  allowedClusterAddresses: [],
  nodeTimeoutMs: 600_000,
  patienceMs: { 'image-not-pulled': 120_000, 'crash-loop': 120_000, 'cannot-start': 120_000 },
  parallelInstances: 64,
  stallAfterMs: 5_000,
  driftMs: 300_000,
  unhealthyAfterMs: 30_000,
  orphanGraceMs: 60_000,
  watchIntervalMs: 30_000,
  checkTimeoutMs: 5_000,
  idleMs: 300_000,
  trialCloudPlans: [],
  cloudPollMs: { first: 2_000, longest: 60_000 },
  cloudCallTimeoutMs: 60_000,
} as const;

/** A limit on average, with room for twice as many at once. */
export const clusterCallsOf = (callsPerSecond: number): Partial<ClusterOptions> => ({
  callsPerSecond,
  burst: 2 * callsPerSecond,
});
