import { pointerSegment, type Problem } from '@souk/event-sourcing';
import { presetNamed } from './presets/catalogue';
import { formatReference, parseTemplate, type Reference } from './references';
import { resolveNode } from './resolve';
import { isProcess, type Topology, type TopologyNode } from './topology';

/** What Kubernetes takes as the name of a variable: dots and dashes too, as in `iot.hosting.appKey`. */
const keyPattern = /^(?!\.\.?$|\.\.)[A-Za-z_.-][A-Za-z0-9_.-]*$/;

/** Given by Souk to every instance: its identity and the address of the platform. */
const reservedPattern = /^(?:SOUK_|iot\.hosting\.)/;

/** What is wrong with the variables of the nodes and with what they refer to. */
export function environmentProblems(topology: Topology): Problem[] {
  const known = knownTo(topology);
  return topology.nodes.flatMap((node, index) => {
    const at = `/nodes/${index}`;
    const written = Object.entries(node.env ?? {}).flatMap(([key, value]) => {
      const pointer = `${at}/env/${pointerSegment(key)}`;
      return keyProblems(key, pointer).concat(referenceProblems(value, known, pointer));
    });
    return secretLiteralsIn(node, at).concat(missingVariables(node, at), written);
  });
}

/** Variables that the preset marks secret and that are anything but one reference to a secret. Their values are not quoted. */
export function secretLiteralsIn({ preset, env }: TopologyNode, at: string): Problem[] {
  const variables = (preset === undefined ? undefined : presetNamed(preset)?.variables) ?? [];
  return variables.flatMap(({ key, secret }) => {
    if (!secret || !env || !Object.hasOwn(env, key) || isOneSecret(env[key]!)) return [];
    return [
      {
        code: 'secret-literal',
        pointer: `${at}/env/${pointerSegment(key)}`,
        message: `the preset "${preset}" keeps "${key}" secret: declare a secret and write "\${secret.<its name>}"`,
      },
    ];
  });
}

function isOneSecret(template: string): boolean {
  const [only, ...others] = parseTemplate(template);
  return only !== undefined && others.length === 0 && 'reference' in only && only.reference.kind === 'secret';
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

function keyProblems(key: string, pointer: string): Problem[] {
  if (!keyPattern.test(key)) {
    return [
      {
        code: 'env-key-invalid',
        pointer,
        message: `${JSON.stringify(key)} is no name of a variable: letters, digits, "_", "-" and ".", not beginning with a digit`,
      },
    ];
  }
  if (!reservedPattern.test(key)) return [];
  return [
    {
      code: 'env-key-reserved',
      pointer,
      message: `"${key}" is set by Souk itself, as everything named SOUK_* and iot.hosting.*`,
    },
  ];
}

interface Known {
  /** Service name → does it have a port, and with that an address. */
  readonly nodes: ReadonlyMap<string, boolean>;
  readonly parameters: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
}

function knownTo({ nodes, parameters, secrets }: Topology): Known {
  return {
    nodes: new Map(
      nodes.map((node) => {
        const resolved = resolveNode(node);
        return [node.serviceName, !isProcess(resolved) || resolved.ports.length > 0];
      }),
    ),
    parameters: new Set(Object.keys(parameters)),
    secrets: new Set(Object.keys(secrets)),
  };
}

function referenceProblems(template: string, known: Known, pointer: string): Problem[] {
  if (!template.includes('$')) return [];
  return parseTemplate(template).flatMap((part): Problem[] => {
    if ('text' in part) return [];
    if ('malformed' in part) return [malformed(part.malformed, pointer)];
    const missing = missingFor(part.reference, known);
    return missing ? [{ ...missing, pointer }] : [];
  });
}

function malformed(written: string, pointer: string): Problem {
  return {
    code: 'reference-invalid',
    pointer,
    message:
      `${JSON.stringify(written)} is no reference: there are \${node.<name>.host}, \${node.<name>.port}, \${param.<name>} and ` +
      '${secret.<name>}; for the text itself write $${',
  };
}

function missingFor(reference: Reference, { nodes, parameters, secrets }: Known): Omit<Problem, 'pointer'> | undefined {
  const written = formatReference(reference);
  if (reference.kind === 'node') {
    const hasPort = nodes.get(reference.node);
    if (hasPort) return undefined;
    if (hasPort === undefined) return { code: 'reference-unknown', message: `"${written}" refers to a node that does not exist` };
    return { code: 'reference-without-port', message: `"${written}" refers to a node without ports, which has no address` };
  }
  // Which services there are is known of the cluster, not of the topology.
  if (reference.kind === 'service') return undefined;
  const declared = reference.kind === 'param' ? parameters : secrets;
  if (declared.has(reference.name)) return undefined;
  const what = reference.kind === 'param' ? 'parameter' : 'secret';
  return { code: 'reference-unknown', message: `"${written}" refers to a ${what} that is not declared` };
}
