import type { Problem } from '@souk/event-sourcing';
import { parseImage } from './image-reference';
import { presetNamed, presets } from './presets/catalogue';
import { InvalidQuantity, parseCpu, parseMemory } from './quantities';
import { resolveProcess } from './resolve';
import type { HealthCheck, PortPair, ResourceRange, TopologyNode } from './topology';
import { quoted } from './waves';

const MAX_REPLICAS = 100;

/** What is wrong with one node by itself, its environment aside. */
export function nodeProblems(node: TopologyNode, at: string): Problem[] {
  return presetProblems(node, at).concat(
    imageProblems(node, at),
    rangeProblems(node.cpu, parseCpu, `${at}/cpu`),
    rangeProblems(node.memory, parseMemory, `${at}/memory`),
    node.category === 'init' ? initProblems(node, at) : replicaProblems(node, at),
    portProblems(node.ports ?? [], `${at}/ports`),
    serviceTypeProblems(node, at),
    healthCheckProblems(node, `${at}/healthCheck`),
  );
}

function presetProblems({ category, preset }: TopologyNode, at: string): Problem[] {
  const pointer = `${at}/preset`;
  if (category !== 'third-party') {
    if (preset === undefined) return [];
    return [
      {
        code: 'preset-not-allowed',
        pointer,
        message: `the preset ${JSON.stringify(preset)} is for third-party nodes, this is a node of category "${category}"`,
      },
    ];
  }
  const known = quoted(presets.map(({ name }) => name));
  if (preset === undefined) {
    return [{ code: 'preset-missing', pointer, message: `a third-party node names its preset, one of ${known}` }];
  }
  if (presetNamed(preset)) return [];
  return [{ code: 'preset-unknown', pointer, message: `there is no preset ${JSON.stringify(preset)}; there are ${known}` }];
}

function imageProblems({ category, image }: TopologyNode, at: string): Problem[] {
  const pointer = `${at}/image`;
  if (image === undefined) {
    if (category === 'third-party') return [];
    return [{ code: 'image-missing', pointer, message: `a node of category "${category}" needs an image` }];
  }
  if (parseImage(image)) return [];
  return [
    {
      code: 'image-invalid',
      pointer,
      message: `${JSON.stringify(image)} is no image reference: write it like "registry.example.com/team/web:1.0.0"`,
    },
  ];
}

function rangeProblems(range: ResourceRange | undefined, parse: (quantity: string) => number, at: string): Problem[] {
  if (!range) return [];
  const problems: Problem[] = [];
  const amounts = (['request', 'limit'] as const).map((side) => {
    const pointer = `${at}/${side}`;
    try {
      const amount = parse(range[side]);
      if (side === 'request' || amount > 0) return amount;
      problems.push({ code: 'quantity-invalid', pointer, message: `a limit of "${range.limit}" leaves nothing to run with` });
    } catch (error) {
      if (!(error instanceof InvalidQuantity)) throw error;
      problems.push({ code: error.code, pointer, message: error.message });
    }
    return undefined;
  });
  const [request, limit] = amounts;
  if (request !== undefined && limit !== undefined && request > limit) {
    problems.push({
      code: 'request-above-limit',
      pointer: `${at}/request`,
      message: `the request "${range.request}" is above the limit "${range.limit}"`,
    });
  }
  return problems;
}

function replicaProblems({ replicas }: TopologyNode, at: string): Problem[] {
  if (replicas === undefined || (Number.isInteger(replicas) && replicas >= 1 && replicas <= MAX_REPLICAS)) return [];
  return [
    {
      code: 'replicas-out-of-range',
      pointer: `${at}/replicas`,
      message: `${replicas} replicas: a whole number from 1 to ${MAX_REPLICAS} is allowed`,
    },
  ];
}

/** An init node runs once, to its end: one process, that nobody calls and nobody restarts. */
function initProblems({ replicas, ports, healthCheck }: TopologyNode, at: string): Problem[] {
  const problems: Problem[] = [];
  if (replicas !== undefined && replicas !== 1) {
    problems.push({
      code: 'init-replicas',
      pointer: `${at}/replicas`,
      message: `an init node runs once in one replica, not in ${replicas}`,
    });
  }
  if (ports && ports.length > 0) {
    problems.push({ code: 'init-ports', pointer: `${at}/ports`, message: 'an init node ends, so it has no ports' });
  }
  if (healthCheck) {
    problems.push({
      code: 'init-health-check',
      pointer: `${at}/healthCheck`,
      message: 'an init node is done when it exits with 0, so it has no health check',
    });
  }
  return problems;
}

function portProblems(ports: readonly PortPair[], at: string): Problem[] {
  const problems: Problem[] = [];
  const firstAt = new Map<string, number>();
  ports.forEach((pair, index) => {
    for (const side of ['internal', 'external'] as const) {
      if (!isPort(pair[side])) problems.push(portOutOfRange(pair[side], `${at}/${index}/${side}`));
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

function serviceTypeProblems(node: TopologyNode, at: string): Problem[] {
  const { category } = node;
  if (category === 'cloud' || node.serviceType !== 'NodePort' || resolveProcess({ ...node, category }).ports.length > 0)
    return [];
  return [
    {
      code: 'node-port-without-ports',
      pointer: `${at}/serviceType`,
      message: 'a node with service type "NodePort" needs a port',
    },
  ];
}

function healthCheckProblems(node: TopologyNode, at: string): Problem[] {
  const { healthCheck, category } = node;
  if (!healthCheck || category === 'init' || category === 'cloud') return [];
  const ways = (['http', 'tcp', 'command'] as const).filter((way) => healthCheck[way] !== undefined);
  const problems = [...probePortProblems(healthCheck, at), ...probeTimeProblems(healthCheck, at)];
  if (ways.length > 1) {
    problems.push({
      code: 'health-check-ambiguous',
      pointer: at,
      message: `a health check asks in one way, not in ${ways.length}: ${quoted(ways)}`,
    });
  }
  const resolved = resolveProcess({ ...node, category }).healthCheck;
  if (!(resolved?.http ?? resolved?.tcp ?? resolved?.command)) {
    problems.push({
      code: 'health-check-empty',
      pointer: at,
      message: 'the node has no TCP port, so its health check says how to ask: "http", "tcp" or "command"',
    });
  }
  if (healthCheck.command?.length === 0) {
    problems.push({ code: 'health-check-empty', pointer: `${at}/command`, message: 'the command of a health check is empty' });
  }
  if (healthCheck.http && !healthCheck.http.path.startsWith('/')) {
    problems.push({
      code: 'health-check-path-invalid',
      pointer: `${at}/http/path`,
      message: `the path ${JSON.stringify(healthCheck.http.path)} of a health check begins with a slash`,
    });
  }
  return problems;
}

function probePortProblems(healthCheck: HealthCheck, at: string): Problem[] {
  return (['http', 'tcp'] as const).flatMap((way) => {
    const port = healthCheck[way]?.port;
    return port === undefined || isPort(port) ? [] : [portOutOfRange(port, `${at}/${way}/port`)];
  });
}

function probeTimeProblems(healthCheck: HealthCheck, at: string): Problem[] {
  const least = { initialDelaySeconds: 0, periodSeconds: 1 };
  return (['initialDelaySeconds', 'periodSeconds'] as const).flatMap((field) => {
    const seconds = healthCheck[field];
    if (seconds === undefined || (Number.isInteger(seconds) && seconds >= least[field] && seconds <= 3600)) return [];
    return [
      {
        code: 'health-check-time-invalid',
        pointer: `${at}/${field}`,
        message: `${seconds} seconds: a whole number from ${least[field]} to 3600 is allowed`,
      },
    ];
  });
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65535;
}

function portOutOfRange(port: number, pointer: string): Problem {
  return { code: 'port-out-of-range', pointer, message: `${port} is no port: a whole number from 1 to 65535 is allowed` };
}
