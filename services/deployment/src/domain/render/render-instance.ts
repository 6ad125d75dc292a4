import type { SnapshotConfiguration } from '@souk/contracts';
import { digestOf, processesOf, type ResolvedProcess, resolveTopology } from '@souk/topology';
import type { ClusterDescription } from '../cluster.events';
import { namespaceOf } from '../cluster-object';
import { type Bindings, environmentOf, type Identity } from './environment';
import { renderQuota, renderSurroundings } from './namespace';
import { renderExposure, renderService } from './network';
import type { Owner, RenderedNode, RenderedObject } from './rendered';
import { environmentSecretOf, renderDeployment, renderEnvironmentSecret, renderJob, type Workload } from './workload';

/** Everything that the objects of an instance follow from. */
export interface InstanceToRender {
  readonly instanceId: string;
  readonly name: string;
  readonly appId: string;
  readonly configuration: SnapshotConfiguration;
  /** What ran before, while an upgrade is under way. */
  readonly before?: SnapshotConfiguration;
  readonly parameters: Readonly<Record<string, string>>;
  readonly identity: Identity;
  readonly restarts: ReadonlyMap<string, string>;
  /** Ways of the cluster that objects are written in. */
  readonly cluster?: ClusterTraits;
  /** Node → the address that was taken for it from the cluster's range, for nodes with service type `LoadBalancer`. */
  readonly addresses?: ReadonlyMap<string, string>;
  /** Cloud node → version of its binding; its credentials lie in the vault. */
  readonly cloudBindings?: ReadonlyMap<string, number>;
  /** Service model → where it is provided on the cluster. */
  readonly services?: ReadonlyMap<string, { readonly host: string; readonly port: number }>;
  /** Node → replicas, where the owner wants another number than the topology says. */
  readonly scale?: ReadonlyMap<string, number>;
  /** Nothing runs; what is kept stays. */
  readonly stopped?: boolean;
  /** Where collected logs go. */
  readonly logs?: LogDestination;
}

export type ClusterTraits = Pick<ClusterDescription, 'loadBalancer' | 'nas'>;

export interface LogDestination {
  readonly kind: 'souk' | 'loki' | 'elasticsearch' | 'http';
  readonly url: string;
}

export interface RenderedInstance {
  readonly namespace: string;
  /** The namespace first. */
  readonly surroundings: readonly RenderedObject[];
  /** What the instance may take while it changes, and what it may take once it has settled. */
  readonly quota: { readonly changing: RenderedObject; readonly settled: RenderedObject };
  readonly nodes: readonly RenderedNode[];
}

/**
 * Kubernetes objects of an instance. Pure: the same input gives the same objects and the same hashes, so that a node whose hash stands
 * on the cluster already is left alone.
 * @throws UnresolvedReference what validation rules out
 */
export function renderInstance(input: InstanceToRender): RenderedInstance {
  const namespace = namespaceOf(input.instanceId);
  const owner: Owner = { instanceId: input.instanceId, appId: input.appId, namespace };
  const topology = resolveTopology(input.configuration.topology);
  const nodes = processesOf(topology);
  const before = input.before ? processesOf(resolveTopology(input.before.topology)) : [];
  const bindings = bindingsOf(nodes, input);
  const settled = renderQuota(owner, nodes);
  return {
    namespace,
    surroundings: renderSurroundings(owner, input.name, input.identity),
    quota: { settled, changing: input.before ? renderQuota(owner, nodes, before) : settled },
    nodes: nodes.map((node) => renderNode(owner, node, input, bindings)),
  };
}

function renderNode(owner: Owner, node: ResolvedProcess, input: InstanceToRender, bindings: Bindings): RenderedNode {
  const name = node.serviceName;
  const ownCode = node.category !== 'third-party';
  const environment = environmentOf(node.env, environmentSecretOf(name), bindings, ownCode ? input.identity : undefined);
  const restartedBy = input.restarts.get(name);
  const workload: Workload = {
    node,
    image: pinned(node.image, input.configuration),
    environment,
    ...(ownCode && { identityVersion: input.identity.secretVersion }),
    ...(restartedBy !== undefined && { restartedBy }),
  };
  const objects = [
    ...renderEnvironmentSecret(owner, node, environment),
    ...(node.category === 'init' ? [] : renderService(owner, node)),
    ...(node.category === 'init' ? [] : renderExposure(owner, node)),
    node.category === 'init' ? renderJob(owner, workload) : renderDeployment(owner, workload),
  ];
  return {
    name,
    category: node.category,
    image: workload.image,
    dependsOn: input.configuration.topology.arrows.filter((arrow) => arrow.from === name).map((arrow) => arrow.to),
    objects,
    specHash: digestOf(objects.map(({ hash }) => hash)),
    replicas: node.replicas,
    requests: { cpu: node.cpu.request, memory: node.memory.request },
  };
}

function bindingsOf(
  nodes: readonly ResolvedProcess[],
  { configuration: { topology: declared }, parameters, services, cloudBindings }: InstanceToRender,
): Bindings {
  const cloud = new Set(declared.nodes.filter(({ category }) => category === 'cloud').map(({ serviceName }) => serviceName));
  const byName = new Map(nodes.map((node) => [node.serviceName, node]));
  return {
    host: (node) => byName.get(node)?.serviceName,
    port: (node) => byName.get(node)?.ports[0]?.external,
    // A parameter that nobody has to fill in is an empty text.
    parameter: (name) => {
      const declaration = Object.hasOwn(declared.parameters, name) ? declared.parameters[name] : undefined;
      if (!declaration) return undefined;
      return (Object.hasOwn(parameters, name) ? parameters[name] : undefined) ?? declaration.default ?? '';
    },
    service: (model) => services?.get(model),
    secretVersion: (name) => (Object.hasOwn(declared.secrets, name) ? SECRET_VERSION : undefined),
    cloudVersion: (node) => (cloud.has(node) ? (cloudBindings?.get(node) ?? 0) : undefined),
  };
}

/** Secrets of an instance are made once, with the instance. */
export const SECRET_VERSION = 1;

/** By tag and digest, where the registry told it at release: what was tested is what runs. */
function pinned(image: string, { images }: SnapshotConfiguration): string {
  const digest = images.find((known) => known.image === image)?.digest;
  return digest === undefined || image.includes('@') ? image : `${image}@${digest}`;
}
