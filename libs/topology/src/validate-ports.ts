import type { Problem } from '@souk/event-sourcing';
import { isWithin, portRange } from './limits';
import { portsOf } from './resolve';
import type { PortPair, TopologyNode } from './topology';

/** What is wrong with the ports of a process, and with how it is reached. */
export function portProblems(node: TopologyNode, at: string): Problem[] {
  const ports = portsOf(node);
  return pairProblems(node.ports ?? [], `${at}/ports`).concat(
    serviceTypeProblems(node, ports, at),
    node.category !== 'init' && node.hostNetwork ? hostNetworkProblems(node, ports, at) : [],
  );
}

/**
 * Two nodes that take the same port of their host would need a host each, and an edge cluster may have one only. Replicas of one node are
 * spread over hosts, so those are for the cluster to say.
 */
export function hostPortProblems(nodes: readonly TopologyNode[]): Problem[] {
  const takenBy = new Map<string, number>();
  return nodes.flatMap((node, index) =>
    hostPortsOf(node).flatMap((port): Problem[] => {
      const first = takenBy.get(port);
      if (first === undefined) takenBy.set(port, index);
      if (first === undefined || first === index) return [];
      return [
        {
          code: 'host-port-duplicate',
          pointer: `/nodes/${index}/hostNetwork`,
          message: `the port ${port} of the host is that of ${JSON.stringify(nodes[first]!.serviceName)} (/nodes/${first}) already`,
        },
      ];
    }),
  );
}

/** Ports of its host that a process takes: `8080/TCP`. */
export function hostPortsOf(node: TopologyNode): string[] {
  const { category, hostNetwork } = node;
  if (category === 'cloud' || category === 'init' || !hostNetwork) return [];
  return [...new Set(portsOf(node).map(({ internal, protocol }) => `${internal}/${protocol}`))];
}

export function portOutOfRange(port: number, pointer: string): Problem {
  const message = `${port} is no port: a whole number from ${portRange.least} to ${portRange.most} is allowed`;
  return { code: 'port-out-of-range', pointer, message };
}

function pairProblems(ports: readonly PortPair[], at: string): Problem[] {
  const problems: Problem[] = [];
  const firstAt = new Map<string, number>();
  ports.forEach((pair, index) => {
    for (const side of ['internal', 'external'] as const) {
      if (!isWithin(pair[side], portRange)) problems.push(portOutOfRange(pair[side], `${at}/${index}/${side}`));
    }
    // Kubernetes tells ports of a Service apart by number and protocol.
    const key = `${pair.external}/${pair.protocol}`;
    const first = firstAt.get(key);
    if (first === undefined) firstAt.set(key, index);
    if (first !== undefined) {
      problems.push({
        code: 'external-port-duplicate',
        pointer: `${at}/${index}/external`,
        message: `the external port ${key} is that of ${at}/${first} already`,
      });
    }
  });
  return problems;
}

function serviceTypeProblems({ serviceType, category }: TopologyNode, ports: readonly PortPair[], at: string): Problem[] {
  if (serviceType === undefined || serviceType === 'ClusterIP' || category === 'init' || ports.length > 0) return [];
  return [
    {
      code: serviceType === 'NodePort' ? 'node-port-without-ports' : 'load-balancer-without-ports',
      pointer: `${at}/serviceType`,
      message: `a node with service type "${serviceType}" needs a port`,
    },
  ];
}

/** The process listens on its host itself: there is no port but its own, and nothing stands in between. */
function hostNetworkProblems({ serviceType = 'ClusterIP' }: TopologyNode, ports: readonly PortPair[], at: string): Problem[] {
  const problems = ports.flatMap(({ internal, external }, index): Problem[] => {
    if (internal === external) return [];
    const message = `on the host's network a port is what it is: internal ${internal} and external ${external} have to be the same`;
    return [{ code: 'host-network-port', pointer: `${at}/ports/${index}/external`, message }];
  });
  if (serviceType === 'ClusterIP') return problems;
  const message = `a node on its host's network is reached at the host, so its service type is "ClusterIP", not "${serviceType}"`;
  return [...problems, { code: 'host-network-service-type', pointer: `${at}/serviceType`, message }];
}
