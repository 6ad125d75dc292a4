import type { TopologyNode } from '@souk/topology';
import { below, type Report } from './finding';
import { presetOf } from './presets';
import { cpuOf, memoryOf } from './resources';
import { namesSecret } from './secret-names';
import type { ServiceDraft } from './service-draft';
import { mentionsSecret, type Variables } from './variables';

/** The node that a service becomes. */
export function nodeOf(draft: ServiceDraft, variables: Variables, report: Report): TopologyNode {
  const { serviceName, image, isInit, workingDirectory, userId, replicas, hostPaths, storage, hostNetwork, ports } = draft;
  const healthCheck = isInit ? undefined : healthCheckOf(draft, report);
  const command = draft.command && variables.wordsOf(draft.command, below(draft.at, 'entrypoint'), draft);
  const args = draft.args && variables.wordsOf(draft.args, below(draft.at, 'command'), draft);
  const preset = presetOf(draft);
  sayWhatItBecame(draft, preset?.name, report);
  const cpu = cpuOf(draft, preset?.cpu);
  const memory = memoryOf(draft, preset?.memory);
  const env = variables.templatesOf(draft);
  return {
    serviceName,
    category: isInit ? 'init' : preset ? 'third-party' : 'custom',
    ...(image !== undefined && { image }),
    ...(preset && { preset: preset.name }),
    ...(cpu && { cpu }),
    ...(memory && { memory }),
    ...(replicas !== undefined && !isInit && { replicas }),
    ...(Object.keys(env).length > 0 && { env }),
    ...(ports.length > 0 && !isInit && { ports }),
    ...(draft.isPublished && !isInit && !hostNetwork && { serviceType: 'NodePort' as const }),
    ...(command && { command }),
    ...(args && { args }),
    ...(workingDirectory !== undefined && { workingDirectory }),
    ...(userId !== undefined && { userId }),
    ...(healthCheck && { healthCheck }),
    ...(hostNetwork && { hostNetwork }),
    ...(hostPaths.length > 0 && { hostPaths }),
    ...(storage.length > 0 && { storage }),
  };
}

function sayWhatItBecame(draft: ServiceDraft, preset: string | undefined, report: Report): void {
  const { at, name, serviceName, isInit, image, ports, replicas, healthCheck } = draft;
  const kind = isInit ? 'an init node' : preset === undefined ? 'a custom node' : `a third-party node by the preset "${preset}",`;
  if (name === serviceName) report.mapped(at, 'node', `${kind} called "${serviceName}"`);
  else report.approximated(at, 'node-renamed', `${kind} called "${serviceName}": names of nodes are RFC 1035 labels`);
  if (image === undefined) {
    report.problem(
      at,
      'image-missing',
      'the service names no image',
      'build one, push it to a registry, and name it under "image"',
    );
  }
  if (!isInit && preset === undefined && draft.cpu.limit === undefined && draft.memory.limit === undefined) {
    report.approximated(
      at,
      'resources-usual',
      'it names no limits, so it has the usual ones, which are small',
      'say what it needs under "deploy.resources.limits"',
    );
  }
  if (!isInit) return;
  if (ports.length > 0) report.noEquivalent(at, 'init-ports', 'an init node ends, so it has no ports');
  if (healthCheck) report.noEquivalent(at, 'init-health-check', 'an init node is done when it exits with 0, so it is not asked');
  if (replicas !== undefined && replicas > 1) report.noEquivalent(at, 'init-replicas', 'an init node runs once');
}

/** The check, if it can work: it has no files of secrets, and must not write a secret down. */
function healthCheckOf({ at, healthCheck, ports, secretFiles, environment }: ServiceDraft, report: Report) {
  if (!healthCheck) return undefined;
  const checkAt = below(at, 'healthcheck');
  const asked = healthCheck.command?.join(' ');
  if (asked === undefined) {
    if (ports.some(({ protocol }) => protocol === 'TCP')) return healthCheck;
    report.noEquivalent(
      checkAt,
      'health-check-empty',
      'the node has no TCP port that could be connected to, so nothing is asked',
    );
    return undefined;
  }
  if ([...secretFiles.keys()].some((file) => asked.includes(file))) {
    report.noEquivalent(
      checkAt,
      'health-check-secret-file',
      'the test reads the file of a secret, which is not there',
      'let it read the variable that holds the secret',
    );
    return undefined;
  }
  if (
    mentionsSecret(
      asked,
      [...environment].flatMap(([key, { text }]) => (namesSecret(key) ? [text] : [])),
    )
  ) {
    report.noEquivalent(
      checkAt,
      'health-check-secret',
      'the test writes down a secret',
      'let it read the variable that holds the secret',
    );
    return undefined;
  }
  return healthCheck;
}
