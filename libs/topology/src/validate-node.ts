import type { Problem } from '@souk/event-sourcing';
import { parseImage } from './image-reference';
import { isWithin, replicaRange, userIdRange } from './limits';
import { containerPathPattern, storedSecretPattern } from './patterns';
import { presetNamed, presets } from './presets/catalogue';
import { InvalidQuantity, parseCpu, parseMemory } from './quantities';
import type { ResourceRange, TopologyNode } from './topology';
import { cloudProblems } from './validate-cloud';
import { fileProblems } from './validate-files';
import { healthCheckProblems } from './validate-health-check';
import { portProblems } from './validate-ports';
import { quoted } from './waves';

/** What is wrong with one node by itself, its environment aside. */
export function nodeProblems(node: TopologyNode, at: string): Problem[] {
  if (node.category === 'cloud') return cloudProblems(node, at);
  return presetProblems(node, at).concat(
    imageProblems(node, at),
    rangeProblems(node.cpu, parseCpu, `${at}/cpu`),
    rangeProblems(node.memory, parseMemory, `${at}/memory`),
    node.category === 'init' ? initProblems(node, at) : replicaProblems(node, at),
    portProblems(node, at),
    healthCheckProblems(node, at),
    fileProblems(node, at),
    processProblems(node, at),
    node.cloud ? [cloudNotAllowed(node, at)] : [],
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
  if (preset !== undefined && presetNamed(preset)) return [];
  const known = quoted(presets.map(({ name }) => name));
  if (preset === undefined) {
    return [{ code: 'preset-missing', pointer, message: `a third-party node names its preset, one of ${known}` }];
  }
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
  if (replicas === undefined || isWithin(replicas, replicaRange)) return [];
  return [
    {
      code: 'replicas-out-of-range',
      pointer: `${at}/replicas`,
      message: `${replicas} replicas: a whole number from ${replicaRange.least} to ${replicaRange.most} is allowed`,
    },
  ];
}

/** An init node runs once, to its end: one process, that nobody calls and nobody restarts. */
function initProblems(
  { replicas, ports, healthCheck, readinessCheck, serviceType, hostNetwork }: TopologyNode,
  at: string,
): Problem[] {
  const problems: Problem[] = [];
  const say = (code: string, field: keyof TopologyNode, message: string) =>
    problems.push({ code, pointer: `${at}/${field}`, message });
  if (replicas !== undefined && replicas !== 1)
    say('init-replicas', 'replicas', `an init node runs once in one replica, not in ${replicas}`);
  if (ports && ports.length > 0) say('init-ports', 'ports', 'an init node ends, so it has no ports');
  if (serviceType !== undefined && serviceType !== 'ClusterIP')
    say('init-service-type', 'serviceType', `an init node has no ports, so nobody reaches it by "${serviceType}"`);
  if (hostNetwork) say('init-host-network', 'hostNetwork', 'an init node has no ports, so it is not reached at its host');
  if (healthCheck)
    say('init-health-check', 'healthCheck', 'an init node is done when it exits with 0, so it has no health check');
  if (readinessCheck)
    say('init-health-check', 'readinessCheck', 'an init node is done when it exits with 0, so it has no readiness check');
  return problems;
}

/** How the process begins, and who may pull its image. */
function processProblems({ workingDirectory, userId, imagePullSecret }: TopologyNode, at: string): Problem[] {
  const problems: Problem[] = [];
  if (workingDirectory !== undefined && workingDirectory !== '/' && !containerPathPattern.test(workingDirectory))
    problems.push({
      code: 'working-directory-invalid',
      pointer: `${at}/workingDirectory`,
      message: `${JSON.stringify(workingDirectory)} is no absolute, normalised path in the container`,
    });
  if (userId !== undefined && !isWithin(userId, userIdRange))
    problems.push({
      code: 'user-id-out-of-range',
      pointer: `${at}/userId`,
      message: `${userId} is no user id: a whole number from ${userIdRange.least} to ${userIdRange.most} is allowed`,
    });
  if (imagePullSecret !== undefined && !storedSecretPattern.test(imagePullSecret))
    problems.push({
      code: 'pull-secret-name-invalid',
      pointer: `${at}/imagePullSecret`,
      message: `${JSON.stringify(imagePullSecret)} is no name of a stored secret`,
    });
  return problems;
}

function cloudNotAllowed({ category }: TopologyNode, at: string): Problem {
  return {
    code: 'cloud-not-allowed',
    pointer: `${at}/cloud`,
    message: `an offering of a cloud is for cloud nodes, this is a node of category "${category}"`,
  };
}
