import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubernetesEndpoint, KubernetesObject } from '@souk/kubernetes';
import { parseAllDocuments, stringify } from 'yaml';
import { type ClusterByHand, RefusedByCluster } from './cluster-by-hand';

const MANIFEST = join(__dirname, '../../../../deploy/edge/clusterrole.yaml');

/** An object of that manifest, as far as names of it are changed. */
interface Manifest extends KubernetesObject {
  readonly metadata: KubernetesObject['metadata'];
  readonly roleRef?: { readonly name: string };
  readonly subjects?: readonly { readonly namespace: string }[];
}

/**
 * What `deploy/edge` tells the owner of a cluster to do, done under names of its own: beside a marketplace that uses this cluster in
 * earnest, and gone afterwards.
 */
export class LeastRole {
  private constructor(
    private readonly hand: ClusterByHand,
    private readonly endpoint: KubernetesEndpoint,
    readonly name: string,
  ) {}

  /** `undefined` where one may not give roles. */
  static async grant(hand: ClusterByHand, endpoint: KubernetesEndpoint): Promise<LeastRole | undefined> {
    const role = new LeastRole(hand, endpoint, `souk-e2e-${randomBytes(4).toString('hex')}`);
    try {
      for (const object of role.manifests()) await hand.apply(object);
      return role;
    } catch (error) {
      await role.withdraw().catch(() => undefined);
      if (error instanceof RefusedByCluster && error.status === 403) return undefined;
      throw error;
    }
  }

  /** Of its service account; as registration takes it. */
  async kubeconfig(): Promise<string> {
    return this.kubeconfigWith(await this.tokenIn('souk-token'));
  }

  /** Of a service account that nobody has given anything. */
  async kubeconfigOfNobody(): Promise<string> {
    const metadata = { name: 'nobody', namespace: this.name };
    await this.hand.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata });
    const annotations = { 'kubernetes.io/service-account.name': 'nobody' };
    const type = 'kubernetes.io/service-account-token';
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { ...metadata, annotations }, type };
    await this.hand.apply(secret);
    return this.kubeconfigWith(await this.tokenIn('nobody'));
  }

  kubeconfigWith(token: string): string {
    const { server, certificateAuthority, tlsServerName } = this.endpoint;
    const cluster = {
      server,
      ...(certificateAuthority && { 'certificate-authority-data': Buffer.from(certificateAuthority).toString('base64') }),
      ...(tlsServerName && { 'tls-server-name': tlsServerName }),
    };
    return stringify({
      'current-context': 'edge',
      contexts: [{ name: 'edge', context: { cluster: 'edge', user: 'souk' } }],
      clusters: [{ name: 'edge', cluster }],
      users: [{ name: 'souk', user: { token } }],
    });
  }

  async withdraw(): Promise<void> {
    await this.hand.delete({ kind: 'ClusterRoleBinding', name: this.name });
    await this.hand.delete({ kind: 'ClusterRole', name: this.name });
    await this.hand.delete({ kind: 'Namespace', name: this.name });
  }

  /** The cluster fills it in, a moment after it was asked to. */
  private async tokenIn(secret: string): Promise<string> {
    for (const end = Date.now() + 30_000; ;) {
      const { data } = (await this.hand.get({ kind: 'Secret', namespace: this.name, name: secret })) as unknown as Secret;
      if (data?.token !== undefined) return Buffer.from(data.token, 'base64').toString();
      if (Date.now() > end) throw new Error(`the cluster makes no token for Secret "${secret}"`);
      await new Promise((fulfil) => setTimeout(fulfil, 20));
    }
  }

  private manifests(): KubernetesObject[] {
    const documents = parseAllDocuments(readFileSync(MANIFEST, 'utf8')).map((document) => document.toJS() as Manifest | null);
    return documents.flatMap((object) => (object ? [this.renamed(object)] : []));
  }

  private renamed({ metadata, roleRef, subjects, ...object }: Manifest): KubernetesObject {
    const inNamespace = metadata.namespace !== undefined;
    return {
      ...object,
      metadata: { ...metadata, ...(inNamespace ? { namespace: this.name } : { name: this.name }) },
      ...(roleRef && { roleRef: { ...roleRef, name: this.name } }),
      ...(subjects && { subjects: subjects.map((subject) => ({ ...subject, namespace: this.name })) }),
    };
  }
}

interface Secret {
  readonly data?: { readonly token?: string };
}
