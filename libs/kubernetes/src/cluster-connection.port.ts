import type { KubernetesEndpoint } from './endpoint';

/** Which cluster, and by what way it is reached. */
export interface ClusterAddress {
  readonly clusterId: string;
  readonly ownerTenant: string;
  readonly kind: 'simulated' | 'kubeconfig';
  /** Mark of the kubeconfig in use, where it is not the first one. */
  readonly credentials?: string;
}

/**
 * Yields the Kubernetes API of a cluster. Laws: the answer is current (asked again after the cluster was not reached, it may be another
 * one); it holds credentials and is kept by nobody but the client; a cluster that has none now is {@link Unreachable}.
 */
export abstract class ClusterConnection {
  abstract endpointOf(cluster: ClusterAddress): Promise<KubernetesEndpoint>;
}
