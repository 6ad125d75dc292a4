import type { SecretVault } from '@souk/secrets';
import { type ClusterAddress, ClusterConnection } from './cluster-connection.port';
import type { KubernetesEndpoint } from './endpoint';
import { Unreachable } from './errors';
import { parseKubeconfig } from './kubeconfig';
import { assertPublicOrAllowed, guardedLookup } from './server-address';

/** Name under which a cluster's kubeconfig lies in its owner's vault: one that replaces another one has a mark, so that both can lie there. */
export const kubeconfigName = (clusterId: string, mark?: string): string =>
  `cluster/${clusterId}/kubeconfig${mark === undefined ? '' : `/${mark}`}`;

/** Clusters that were registered by a kubeconfig, which lies in the vault. */
export class KubeconfigConnection extends ClusterConnection {
  /** @param allowed networks that a server may be in although no cluster should be there */
  constructor(
    private readonly vault: SecretVault,
    private readonly allowed: readonly string[] = [],
  ) {
    super();
  }

  override async endpointOf({ clusterId, ownerTenant, credentials }: ClusterAddress): Promise<KubernetesEndpoint> {
    const text = await this.vault.get(ownerTenant, kubeconfigName(clusterId, credentials));
    if (text === undefined) throw new Unreachable(`the kubeconfig of cluster "${clusterId}" is gone`);
    const { endpoint, problems } = parseKubeconfig(text);
    if (!endpoint) throw new Unreachable(`the kubeconfig of cluster "${clusterId}": ${problems[0]?.message ?? ''}`);
    await assertPublicOrAllowed(endpoint.server, this.allowed);
    return { ...endpoint, lookup: guardedLookup(this.allowed) };
  }
}
