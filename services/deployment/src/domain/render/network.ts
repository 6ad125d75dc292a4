import type { ServiceProvision } from '@souk/contracts';
import { digestOf, type ResolvedProcess } from '@souk/topology';
import type { LoadBalancerDialect } from '../clusters/cluster.events';
import { labels, serviceLabel } from '../cluster-object';
import { egressOf, type Reach } from './egress';
import { type Head, type NodeOwner, type Owner, rendered, type RenderedObject } from './rendered';

/** The address that was taken for a node, and how the cluster's load balancer is told it. */
export interface TakenAddress {
  readonly address: string;
  readonly dialect: LoadBalancerDialect;
}

/** Other nodes reach the process under its service name and the external port. None without ports. */
export function renderService(owner: NodeOwner, node: ResolvedProcess, taken?: TakenAddress): RenderedObject[] {
  if (node.ports.length === 0) return [];
  const wish = node.serviceType === 'LoadBalancer' && taken ? wishFor(taken) : {};
  const head = { apiVersion: 'v1', kind: 'Service', name: node.serviceName, ...wish.metadata };
  const body = {
    spec: {
      type: node.serviceType,
      ...wish.spec,
      selector: owner.selector,
      ports: node.ports.map(({ internal, external, protocol }) => ({
        name: `${protocol.toLowerCase()}-${external}`,
        port: external,
        targetPort: internal,
        protocol,
      })),
    },
  };
  return [rendered(owner, head, body)];
}

function wishFor({ address, dialect }: TakenAddress): { metadata?: object; spec?: object } {
  switch (dialect) {
    case 'metallb':
      return { metadata: { annotations: { 'metallb.io/loadBalancerIPs': address } } };
    case 'kube-vip':
      return { metadata: { annotations: { 'kube-vip.io/loadbalancerIPs': address } } };
    case 'loadBalancerIP':
      return { spec: { loadBalancerIP: address } };
  }
}

/**
 * Name of the headless Service by which the pods of a StatefulSet have names of their own: `mysql-0.<that>`. Nodes have the names that people
 * give, so this one ends in what no two nodes share.
 */
export function governingServiceOf({ serviceName }: ResolvedProcess): string {
  return `${serviceName.slice(0, 48).replace(/-+$/, '')}-pods-${digestOf(serviceName).slice(0, 8)}`;
}

/** Pods are found before they are ready: they may have to find each other to become it. */
export function renderGoverningService(owner: NodeOwner, node: ResolvedProcess): RenderedObject {
  const head = { apiVersion: 'v1', kind: 'Service', name: governingServiceOf(node) };
  return rendered(owner, head, { spec: { clusterIP: 'None', publishNotReadyAddresses: true, selector: owner.selector } });
}

/**
 * Pods of the instance reach each other; nobody else reaches them.
 * @param reach what they reach, on a cluster that is shared with strangers; whatever its hosts reach, where there is none
 */
export function renderIsolation(owner: Owner, reach?: Reach): RenderedObject {
  return rendered(owner, policyNamed('souk-isolation'), {
    spec: {
      podSelector: {},
      policyTypes: ['Ingress', ...(reach ? ['Egress'] : [])],
      ingress: [{ from: [{ podSelector: {} }] }],
      ...(reach && { egress: egressOf(reach) }),
    },
  });
}

/** A node with a NodePort or an address of its own is reachable from outside, on its ports alone. */
export function renderExposure(owner: NodeOwner, node: ResolvedProcess): RenderedObject[] {
  if (node.serviceType === 'ClusterIP' || node.ports.length === 0) return [];
  const body = {
    spec: {
      podSelector: { matchLabels: { [labels.node]: node.serviceName } },
      policyTypes: ['Ingress'],
      ingress: [{ ports: node.ports.map(({ internal, protocol }) => ({ port: internal, protocol })) }],
    },
  };
  return [rendered(owner, policyNamed(`${node.serviceName}-exposed`), body)];
}

/** Instances that are bound to a service of this one reach the node that serves it, on that port alone (F38). */
export function renderServing(
  owner: NodeOwner,
  node: ResolvedProcess,
  provisions: readonly ServiceProvision[],
): RenderedObject[] {
  return provisions.flatMap(({ model, node: serving, port }) => {
    const served = node.ports.filter(({ external }) => external === port);
    if (serving !== node.serviceName || served.length === 0) return [];
    const body = {
      spec: {
        podSelector: { matchLabels: { [labels.node]: serving } },
        policyTypes: ['Ingress'],
        ingress: [
          {
            from: [{ namespaceSelector: { matchLabels: { [serviceLabel(model)]: owner.namespace } } }],
            ports: served.map(({ internal, protocol }) => ({ port: internal, protocol })),
          },
        ],
      },
    };
    return [rendered(owner, policyNamed(`${serving}-serves-${model}`), body)];
  });
}

const policyNamed = (name: string): Head => ({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', name });
