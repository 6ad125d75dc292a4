import type { ResolvedProcess } from '@souk/topology';
import { labels } from '../cluster-object';
import { labelsOf, type Owner, rendered, type RenderedObject } from './rendered';

/** Other nodes reach the process under its service name and the external port. None without ports. */
export function renderService(owner: Owner, node: ResolvedProcess): RenderedObject[] {
  if (node.ports.length === 0) return [];
  const object = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: node.serviceName, namespace: owner.namespace, labels: labelsOf(owner, componentOf(node)) },
    spec: {
      type: node.serviceType,
      selector: { [labels.instance]: owner.instanceId, [labels.node]: node.serviceName },
      ports: node.ports.map(({ internal, external, protocol }) => ({
        name: `${protocol.toLowerCase()}-${external}`,
        port: external,
        targetPort: internal,
        protocol,
      })),
    },
  };
  return [rendered(object)];
}

/** Pods of the instance reach each other; nobody else reaches them. */
export function renderIsolation(owner: Owner): RenderedObject {
  return rendered({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'souk-isolation', namespace: owner.namespace, labels: labelsOf(owner) },
    spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }] }] },
  });
}

/** A node with a NodePort is reachable from outside, on its ports alone. */
export function renderExposure(owner: Owner, node: ResolvedProcess): RenderedObject[] {
  if (node.serviceType === 'ClusterIP' || node.ports.length === 0) return [];
  const object = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `${node.serviceName}-exposed`, namespace: owner.namespace, labels: labelsOf(owner, componentOf(node)) },
    spec: {
      podSelector: { matchLabels: { [labels.node]: node.serviceName } },
      policyTypes: ['Ingress'],
      ingress: [{ ports: node.ports.map(({ internal, protocol }) => ({ port: internal, protocol })) }],
    },
  };
  return [rendered(object)];
}

function componentOf(node: ResolvedProcess) {
  return { name: node.serviceName, component: node.category };
}
