import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type KubernetesEndpoint, type KubernetesObject, pathOf, type ResourceType, resourceTypes } from '@souk/kubernetes';

/** Kinds that the owner of a cluster writes, and the platform never does. */
const others: Readonly<Record<string, ResourceType>> = {
  ClusterRole: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', plural: 'clusterroles', namespaced: false },
  ClusterRoleBinding: {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    plural: 'clusterrolebindings',
    namespaced: false,
  },
};

export interface Named {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  /** What `kubectl scale` writes. */
  readonly subresource?: 'scale';
}

/** What the cluster has refused. */
export class RefusedByCluster extends Error {
  constructor(
    readonly status: number,
    what: string,
    answer: string,
  ) {
    super(`${what}: ${status} ${answer.slice(0, 500)}`);
    this.name = new.target.name;
  }
}

/** What somebody else does to a cluster, as with kubectl: under other names than the platform's, and with other rights. */
export class ClusterByHand {
  constructor(private readonly endpoint: KubernetesEndpoint) {}

  /** `kubectl apply --server-side` */
  apply(object: KubernetesObject): Promise<KubernetesObject> {
    const { kind, metadata } = object;
    const path = `${this.pathOf({ kind, name: metadata.name, ...namespaced(metadata) })}?fieldManager=kubectl&force=true`;
    return this.json('PATCH', path, object, 'application/apply-patch+yaml');
  }

  /** `kubectl edit` */
  edit(name: Named, patch: object, manager = 'kubectl-edit'): Promise<KubernetesObject> {
    return this.json('PATCH', `${this.pathOf(name)}?fieldManager=${manager}`, patch, 'application/merge-patch+json');
  }

  get(name: Named): Promise<KubernetesObject> {
    return this.json('GET', this.pathOf(name));
  }

  /** `kubectl delete --wait=false`; what is not there is no mistake. */
  async delete(name: Named): Promise<void> {
    const options = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' };
    await this.json('DELETE', this.pathOf(name), options).catch((error: unknown) => {
      if (!(error instanceof RefusedByCluster && error.status === 404)) throw error;
    });
  }

  private pathOf({ kind, namespace, name, subresource }: Named): string {
    const type = others[kind] ?? (resourceTypes as Readonly<Record<string, ResourceType>>)[kind]!;
    return pathOf(type, namespace, name) + (subresource === undefined ? '' : `/${subresource}`);
  }

  private async json(method: string, path: string, body?: object, type = 'application/json'): Promise<KubernetesObject> {
    const { server, token, certificateAuthority: ca, clientCertificate, tlsServerName: servername } = this.endpoint;
    const base = new URL(server);
    const sent = body && JSON.stringify(body);
    const headers = {
      'user-agent': 'kubectl',
      ...(token && { authorization: `Bearer ${token}` }),
      ...(sent !== undefined && { 'content-type': type, 'content-length': Buffer.byteLength(sent) }),
    };
    const options = {
      method,
      headers,
      ...(clientCertificate && { cert: clientCertificate.certificate, key: clientCertificate.key }),
    };
    const send = base.protocol === 'https:' ? httpsRequest : httpRequest;
    const response = await new Promise<IncomingMessage>((fulfil, reject) => {
      const url = base.href.replace(/\/+$/, '') + path;
      const request = send(url, { ...options, ...(ca && { ca }), ...(servername && { servername }) }, fulfil);
      request.on('error', reject);
      request.end(sent);
    });
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk as string;
    const status = response.statusCode ?? 0;
    if (status >= 300) throw new RefusedByCluster(status, `${method} ${path}`, text);
    return JSON.parse(text) as KubernetesObject;
  }
}

const namespaced = ({ namespace }: { readonly namespace?: string }) => (namespace === undefined ? {} : { namespace });
