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
  /** Instances that are worked on at the same time, on one cluster. */
  abstract readonly parallelInstances: number;
  /** How long a cluster may be away before its operations say so, in milliseconds. */
  abstract readonly stallAfterMs: number;
  /** How clusters are called, where it is not as usual. */
  abstract readonly clusterCalls?: Partial<ClusterOptions>;
  /** How long watches on a cluster go on after its last operation, in milliseconds. */
  abstract readonly idleMs: number;
}

export const defaultSettings = {
  allowedClusterAddresses: [],
  nodeTimeoutMs: 600_000,
  parallelInstances: 64,
  stallAfterMs: 5_000,
  idleMs: 300_000,
} as const;
