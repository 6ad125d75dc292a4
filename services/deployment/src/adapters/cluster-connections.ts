import { type ClusterAddress, ClusterConnection, type KubernetesEndpoint, Unreachable } from '@souk/kubernetes';

/** By the way in which a cluster was registered. */
export class ClusterConnections extends ClusterConnection {
  constructor(private readonly byKind: { readonly [Kind in ClusterAddress['kind']]?: ClusterConnection }) {
    super();
  }

  override async endpointOf(cluster: ClusterAddress): Promise<KubernetesEndpoint> {
    const connection = this.byKind[cluster.kind];
    if (!connection) throw new Unreachable(`this marketplace runs no ${cluster.kind} cluster`);
    return connection.endpointOf(cluster);
  }
}
