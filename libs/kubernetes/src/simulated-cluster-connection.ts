import { readFile } from 'node:fs/promises';
import { ClusterConnection } from './cluster-connection.port';
import type { KubernetesEndpoint } from './endpoint';
import { Unreachable } from './errors';
import { parseKubeconfig } from './kubeconfig';

/** The simulated cluster tells in a file of its own where it listens; another start may be another port. */
export class SimulatedClusterConnection extends ClusterConnection {
  constructor(private readonly kubeconfigFile: string) {
    super();
  }

  override async endpointOf(): Promise<KubernetesEndpoint> {
    let text: string;
    try {
      text = await readFile(this.kubeconfigFile, 'utf8');
    } catch (error) {
      throw new Unreachable('the simulated cluster has not started', { cause: error });
    }
    const { endpoint, problems } = parseKubeconfig(text, { trusted: true });
    if (!endpoint) throw new Unreachable(`the simulated cluster's kubeconfig: ${problems[0]?.message ?? ''}`);
    return endpoint;
  }
}
