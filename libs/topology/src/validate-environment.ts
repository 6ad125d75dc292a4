import { pointerSegment, type Problem } from '@souk/event-sourcing';
import { reservedVariablePattern, variableNamePattern } from './patterns';
import { presetNamed } from './presets/catalogue';
import { formatReference, parseTemplate, type Reference } from './references';
import { portsOf } from './resolve';
import type { Topology, TopologyNode } from './topology';

/** What is wrong with the variables of a node and with what they refer to. */
export function environmentProblems(node: TopologyNode, known: Known, at: string): Problem[] {
  const written = Object.entries(node.env ?? {}).flatMap(([key, value]) => {
    const found = keyProblems(key).concat(referenceProblems(value, node.serviceName, known));
    if (found.length === 0) return [];
    const pointer = `${at}/env/${pointerSegment(key)}`;
    return found.map(({ code, message }) => ({ code, pointer, message }));
  });
  return secretLiteralsIn(node, known.parameters, at).concat(missingVariables(node, at), written);
}

/** Variables that the preset marks secret and that are anything but one reference to something secret. Their values are not quoted. */
export function secretLiteralsIn({ preset, env }: TopologyNode, parameters: Topology['parameters'], at: string): Problem[] {
  const variables = (preset === undefined ? undefined : presetNamed(preset)?.variables) ?? [];
  return variables.flatMap(({ key, secret }) => {
    if (!secret || !env || !Object.hasOwn(env, key) || isOneSecret(env[key]!, parameters)) return [];
    return [
      {
        code: 'secret-literal',
        pointer: `${at}/env/${pointerSegment(key)}`,
        message: `the preset "${preset}" keeps "${key}" secret: declare a secret and write "\${secret.<its name>}"`,
      },
    ];
  });
}

function isOneSecret(template: string, parameters: Topology['parameters']): boolean {
  const [only, ...others] = parseTemplate(template);
  if (!only || others.length > 0 || !('reference' in only)) return false;
  const { reference } = only;
  if (reference.kind === 'param') return Object.hasOwn(parameters, reference.name) && parameters[reference.name]!.secret === true;
  return reference.kind === 'secret';
}

function missingVariables({ preset, env, serviceName }: TopologyNode, at: string): Problem[] {
  const variables = (preset === undefined ? undefined : presetNamed(preset)?.variables) ?? [];
  return variables.flatMap(({ key, required, secret, default: given }) => {
    if (!required || given !== undefined || (env && Object.hasOwn(env, key))) return [];
    const how = secret ? ', as a reference "${secret.<name>}"' : '';
    return [
      {
        code: 'env-missing',
        pointer: `${at}/env/${pointerSegment(key)}`,
        message: `the preset "${preset}" of ${JSON.stringify(serviceName)} needs the variable "${key}"${how}`,
      },
    ];
  });
}

/** A problem whose place whoever asked knows. */
type Fault = Omit<Problem, 'pointer'>;

function keyProblems(key: string): Fault[] {
  if (!variableNamePattern.test(key)) {
    return [
      {
        code: 'env-key-invalid',
        message: `${JSON.stringify(key)} is no name of a variable: letters, digits, "_", "-" and ".", not beginning with a digit`,
      },
    ];
  }
  if (!reservedVariablePattern.test(key)) return [];
  return [{ code: 'env-key-reserved', message: `"${key}" is set by Souk itself, as everything named SOUK_* and iot.hosting.*` }];
}

/** What references may refer to. */
export interface Known {
  readonly nodes: ReadonlyMap<string, 'cloud' | 'with ports' | 'without ports'>;
  /** Cloud node → nodes whose arrows point at it. */
  readonly waitingFor: ReadonlyMap<string, ReadonlySet<string>>;
  readonly parameters: Topology['parameters'];
  readonly secrets: ReadonlySet<string>;
}

export function knownTo({ nodes, arrows, parameters, secrets }: Topology): Known {
  const waitingFor = new Map(
    nodes.filter(({ category }) => category === 'cloud').map(({ serviceName }) => [serviceName, new Set<string>()]),
  );
  if (waitingFor.size > 0) for (const { from, to } of arrows) waitingFor.get(to)?.add(from);
  return {
    nodes: new Map(
      nodes.map((node) => {
        if (node.category === 'cloud') return [node.serviceName, 'cloud'];
        return [node.serviceName, portsOf(node).length > 0 ? 'with ports' : 'without ports'];
      }),
    ),
    waitingFor,
    parameters,
    secrets: new Set(Object.keys(secrets)),
  };
}

function referenceProblems(template: string, of: string, known: Known): Fault[] {
  if (!template.includes('$')) return [];
  return parseTemplate(template).flatMap((part) => {
    if ('text' in part) return [];
    if ('malformed' in part) return [malformed(part.malformed)];
    return faultOf(part.reference, of, known) ?? [];
  });
}

function malformed(written: string): Fault {
  return {
    code: 'reference-invalid',
    message:
      `${JSON.stringify(written)} is no reference: there are \${node.<name>.host}, \${node.<name>.port}, \${node.<cloud node>.<credential>}, ` +
      '${param.<name>}, ${secret.<name>}, ${service.<model>.host} and ${service.<model>.port}; for a dollar sign itself write $$',
  };
}

function faultOf(reference: Reference, of: string, known: Known): Fault | undefined {
  // Which services there are is known of the cluster, not of the topology.
  if (reference.kind === 'service') return undefined;
  if (reference.kind === 'node') return nodeFault(reference, of, known);
  const { name } = reference;
  if (reference.kind === 'param' ? Object.hasOwn(known.parameters, name) : known.secrets.has(name)) return undefined;
  const what = reference.kind === 'param' ? 'parameter' : 'secret';
  return { code: 'reference-unknown', message: `"${formatReference(reference)}" refers to a ${what} that is not declared` };
}

function nodeFault(reference: Extract<Reference, { kind: 'node' }>, of: string, { nodes, waitingFor }: Known): Fault | undefined {
  const { node, field } = reference;
  const isOfProcess = field === 'host' || field === 'port';
  const known = nodes.get(node);
  if (known === 'with ports' && isOfProcess) return undefined;
  if (known === 'cloud' && waitingFor.get(node)?.has(of)) return undefined;
  const written = formatReference(reference);
  if (known === undefined) return { code: 'reference-unknown', message: `"${written}" refers to a node that does not exist` };
  if (known === 'cloud') {
    const message = `"${written}" is there once "${node}" is bound: draw an arrow from ${JSON.stringify(of)} to "${node}"`;
    return { code: 'reference-without-arrow', message };
  }
  if (!isOfProcess)
    return { code: 'reference-field-unknown', message: `"${written}": a process has "host" and "port", and no "${field}"` };
  return { code: 'reference-without-port', message: `"${written}" refers to a node without ports, which has no address` };
}
