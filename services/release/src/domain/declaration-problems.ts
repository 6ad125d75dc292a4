import type { ConfigurationAtRevision, DeclaredPermissions } from '@souk/contracts';
import { jsonPointer, pointerSegment, type Problem } from '@souk/event-sourcing';
import { formatReference, isProcess, parseTemplate, type ResolvedProcess, resolveNode } from '@souk/topology';

/**
 * Where the declaration and the topologies don't fit each other (F36–F39): what serves a path or a service has to be there in every
 * configuration, and a service that is referred to has to be declared. Pointers from the version. Linear in the size of both.
 */
export function declarationProblems(
  configurations: readonly ConfigurationAtRevision[],
  { sso, provisions = [], dependencies = [] }: DeclaredPermissions,
): Problem[] {
  const needed = new Set(dependencies.map(({ model }) => model));
  return configurations.flatMap((configuration) => {
    const nodes = processesByName(configuration);
    const where = `in configuration "${configuration.name}"`;
    return [
      ...(sso ? ssoProblems(sso, nodes, where) : []),
      ...provisions.flatMap(({ model, node, port }, i) =>
        portProblems({ node, port }, nodes, `/permissions/provisions/${i}`, `service model "${model}"`, where),
      ),
      ...undeclaredServices(configuration, needed),
    ];
  });
}

type Nodes = ReadonlyMap<string, ResolvedProcess>;

interface ServedAt {
  readonly node: string;
  readonly port: number;
}

function ssoProblems(sso: ServedAt & { readonly path: string }, nodes: Nodes, where: string): Problem[] {
  const what = `the path "${sso.path}" for signing in`;
  const problems = portProblems(sso, nodes, '/permissions/sso', what, where);
  if (problems.length > 0) return problems;
  const { serviceType, hostNetwork } = nodes.get(sso.node)!;
  // The console is outside of the instance, where a port of the type ClusterIP is not reached.
  if (serviceType !== 'ClusterIP' || hostNetwork) return [];
  return [
    {
      code: 'port-not-exposed',
      pointer: '/permissions/sso/port',
      message: `${what} is on port ${sso.port} of node "${sso.node}", which ${where} is reached inside of the instance only: give the node the service type NodePort or LoadBalancer`,
    },
  ];
}

function portProblems({ node, port }: ServedAt, nodes: Nodes, pointer: string, what: string, where: string): Problem[] {
  const found = nodes.get(node);
  if (!found)
    return [
      {
        code: 'unknown-node',
        pointer: `${pointer}/node`,
        message: `${what} is to be served by node "${node}", which is not ${where}`,
      },
    ];
  if (found.ports.some(({ external }) => external === port)) return [];
  const ports = found.ports.map(({ external }) => external).join(', ');
  const has = ports === '' ? `which has no ports ${where}` : `whose external ports ${where} are ${ports}`;
  return [
    {
      code: 'port-not-exposed',
      pointer: `${pointer}/port`,
      message: `${what} is to be served on port ${port} of node "${node}", ${has}`,
    },
  ];
}

function undeclaredServices({ name, topology }: ConfigurationAtRevision, needed: ReadonlySet<string>): Problem[] {
  return topology.nodes.flatMap(({ env = {} }, index) =>
    Object.entries(env).flatMap(([key, template]) =>
      servicesIn(template)
        .filter(({ model }) => !needed.has(model))
        .map((reference) => ({
          code: 'service-not-declared',
          pointer: `${jsonPointer('configurations', name)}/nodes/${index}/env/${pointerSegment(key)}`,
          message: `"${formatReference(reference)}" refers to a service that the version does not declare to need: declare a dependency on "${reference.model}"`,
        })),
    ),
  );
}

/** The first reference to each. */
function servicesIn(template: string) {
  if (!template.includes('${service.')) return [];
  const references = parseTemplate(template).flatMap((part) =>
    'reference' in part && part.reference.kind === 'service' ? [[part.reference.model, part.reference] as const] : [],
  );
  return [...new Map(references.toReversed()).values()].toReversed();
}

function processesByName({ topology }: ConfigurationAtRevision): Nodes {
  const processes = topology.nodes.map(resolveNode).filter(isProcess);
  return new Map(processes.map((node) => [node.serviceName, node]));
}
