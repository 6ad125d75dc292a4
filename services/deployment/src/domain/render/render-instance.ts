import type { ServiceProvision, SnapshotConfiguration } from '@souk/contracts';
import { atOnce, type Steps } from '@souk/event-sourcing';
import {
  type Arrow,
  digestOf,
  formatCpu,
  formatMemory,
  hasStableStorage,
  processSteps,
  type ResolvedProcess,
} from '@souk/topology';
import type { ClusterDescription } from '../clusters/cluster.events';
import {
  type Bindings,
  environmentOf,
  type Identity,
  type Injected,
  injectedInto,
  nothingInjected,
  type Services,
} from './environment';
import { type LogDestination, platformLogs, podLogging, renderLogging } from './log-collector';
import { renderSurroundings } from './namespace';
import { renderExposure, renderGoverningService, renderService, renderServing, type TakenAddress } from './network';
import type { Workload } from './pod';
import { podDemandOf } from './pod-demand';
import { renderQuota } from './quota';
import { NOT_BOUND, type Owner, ownerOf, ownerOfNode, type RenderedNode, type RenderedObject } from './rendered';
import { type Deviation, deviationsOf, levelOf } from './security';
import { renderStorage } from './storage';
import { environmentSecretOf, renderEnvironmentSecret, renderPullSecret, renderWorkload } from './workload';

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
  /** That its images run on; any, where none is named. */
  readonly platforms?: readonly string[];
  /** Node → the address that was taken for it from the cluster's range, for nodes with service type `LoadBalancer`. */
  readonly addresses?: ReadonlyMap<string, string>;
  /** Cloud node → version of its binding; its credentials lie in the vault. */
  readonly cloudBindings?: ReadonlyMap<string, number>;
  /** Service model → where it is provided on the cluster, for what the version needs. */
  readonly services?: Services;
  /** What the version provides to others on the cluster. */
  readonly provisions?: readonly ServiceProvision[];
  /** Node → replicas, where the owner wants another number than the topology says. */
  readonly scale?: ReadonlyMap<string, number>;
  /** Nothing runs; what is kept stays. */
  readonly stopped?: boolean;
  /** Where collected logs go; to the platform, where nothing is said. */
  readonly logs?: LogDestination;
}

export type ClusterTraits = Partial<Pick<ClusterDescription, 'loadBalancer' | 'nas' | 'shared'>>;

export interface RenderedInstance {
  readonly namespace: string;
  /** The namespace first. */
  readonly surroundings: readonly RenderedObject[];
  /** What the instance may take while it changes, and what it may take once it has settled. */
  readonly quota: { readonly changing: RenderedObject; readonly settled: RenderedObject };
  readonly nodes: readonly RenderedNode[];
  /** Settings that ask for more than pod security `restricted` allows. */
  readonly deviations: readonly Deviation[];
}

/**
 * Kubernetes objects of an instance. Pure: the same input gives the same objects and the same hashes, so that a node whose hash stands
 * on the cluster already is left alone. Linear in nodes and arrows.
 * @throws UnresolvedReference, StorageWithoutNas what validation and the cluster's obstacles rule out
 */
export function renderInstance(input: InstanceToRender): RenderedInstance {
  return atOnce(renderingSteps(input));
}

/** As {@link renderInstance}, one step for each node. */
export function* renderingSteps(input: InstanceToRender): Steps<RenderedInstance> {
  const { instanceId, appId, name, identity, cluster } = input;
  const owner = ownerOf(instanceId, appId);
  const nodes = yield* scaledNodes(input.configuration, input);
  const before = input.before ? yield* scaledNodes(input.before, input) : [];
  const logs = input.logs ?? platformLogs(identity.apiUrl);
  const services: Services = input.services ?? new Map();
  const reach = cluster?.shared ? { services, urls: [identity.apiUrl, logs.url] } : undefined;
  yield;
  const settled = renderQuota(owner, nodes);
  yield;
  const changing = input.before ? renderQuota(owner, nodes, before) : settled;
  yield;
  const room = new Room(owner, input, nodes, logs);
  const rendered: RenderedNode[] = [];
  const deviations: Deviation[] = [];
  for (const node of nodes) {
    yield;
    rendered.push(room.node(node));
    deviations.push(...deviationsOf(node));
  }
  yield;
  return {
    namespace: owner.namespace,
    surroundings: [
      ...renderSurroundings(owner, name, identity, levelOf(deviations), services, reach),
      ...renderStorage(owner, nodes, cluster?.nas),
      ...renderLogging(owner, nodes, logs, LOG_TOKEN_VERSION),
    ],
    quota: { settled, changing },
    nodes: rendered,
    deviations,
  };
}

/** The processes of a configuration, each in as many replicas as its owner wants. */
function* scaledNodes(
  { topology }: SnapshotConfiguration,
  { scale = new Map() }: Pick<InstanceToRender, 'scale'>,
): Steps<ResolvedProcess[]> {
  const nodes = yield* processSteps(topology);
  if (scale.size === 0) return nodes;
  return nodes.map((node) => {
    const replicas = node.category === 'init' ? undefined : scale.get(node.serviceName);
    return replicas === undefined ? node : { ...node, replicas };
  });
}

/** Secrets of an instance are made once, with the instance. */
export const SECRET_VERSION = 1;
/** So is the token of its log collectors. */
export const LOG_TOKEN_VERSION = 1;

/** What is looked up for each node, laid out once for all of them. */
class Room {
  private readonly dependencies: ReadonlyMap<string, readonly string[]>;
  private readonly digests: ReadonlyMap<string, string | undefined>;
  private readonly bindings: Bindings;
  private readonly injected: Injected;

  constructor(
    private readonly owner: Owner,
    private readonly input: InstanceToRender,
    nodes: readonly ResolvedProcess[],
    private readonly logs: LogDestination,
  ) {
    const { topology, images } = input.configuration;
    this.dependencies = dependenciesOf(topology.arrows);
    this.digests = new Map(images.map(({ image, digest }) => [image, digest]));
    this.bindings = bindingsOf(nodes, input);
    this.injected = injectedInto(input.identity, this.bindings.services);
  }

  node(node: ResolvedProcess): RenderedNode {
    const { serviceName: name, category } = node;
    const owner = ownerOfNode(this.owner, node);
    const workload = this.workload(node);
    const objects = [
      ...renderPullSecret(owner, node, workload.restartedBy),
      ...renderEnvironmentSecret(owner, node, workload.environment),
      ...(category === 'init' ? [] : renderService(owner, node, this.addressOf(name))),
      ...(category === 'init' ? [] : renderExposure(owner, node)),
      ...(category === 'init' ? [] : renderServing(owner, node, this.input.provisions ?? [])),
      ...(hasStableStorage(node) && category !== 'init' ? [renderGoverningService(owner, node)] : []),
      renderWorkload(owner, workload),
    ];
    const { requestedCpu, requestedMemory } = podDemandOf(node);
    return {
      name,
      category,
      image: workload.image,
      dependsOn: this.dependencies.get(name) ?? [],
      objects,
      specHash: digestOf(objects.map(({ hash }) => hash)),
      replicas: workload.replicas,
      requests: { cpu: formatCpu(requestedCpu), memory: formatMemory(requestedMemory) },
    };
  }

  private workload(node: ResolvedProcess): Workload {
    const { identity, restarts, stopped } = this.input;
    const name = node.serviceName;
    const ownCode = node.category !== 'third-party';
    const restartedBy = restarts.get(name);
    const logging = podLogging(this.owner, node, this.logs);
    return {
      node,
      image: this.pinned(node.image),
      environment: environmentOf(node.env, environmentSecretOf(name), this.bindings, ownCode ? this.injected : nothingInjected),
      replicas: stopped ? 0 : node.replicas,
      platforms: this.input.platforms ?? [],
      ...(ownCode && { identityVersion: identity.secretVersion }),
      ...(restartedBy !== undefined && { restartedBy }),
      ...(logging && { logging }),
    };
  }

  private addressOf(node: string): TakenAddress | undefined {
    const address = this.input.addresses?.get(node);
    return address === undefined ? undefined : { address, dialect: this.input.cluster?.loadBalancer ?? 'loadBalancerIP' };
  }

  /** By tag and digest, where the registry told it at release: what was tested is what runs. */
  private pinned(image: string): string {
    const digest = this.digests.get(image);
    return digest === undefined || image.includes('@') ? image : `${image}@${digest}`;
  }
}

function dependenciesOf(arrows: readonly Arrow[]): ReadonlyMap<string, readonly string[]> {
  const dependencies = new Map<string, string[]>();
  for (const { from, to } of arrows) {
    const known = dependencies.get(from);
    if (known) known.push(to);
    else dependencies.set(from, [to]);
  }
  return dependencies;
}

function bindingsOf(
  nodes: readonly ResolvedProcess[],
  { configuration: { topology: declared }, parameters, services, cloudBindings }: InstanceToRender,
): Bindings {
  const byName = new Map(nodes.map((node) => [node.serviceName, node]));
  const cloud = new Set(declared.nodes.filter(({ category }) => category === 'cloud').map(({ serviceName }) => serviceName));
  const parameterNamed = (name: string) => (Object.hasOwn(declared.parameters, name) ? declared.parameters[name] : undefined);
  return {
    host: (node) => byName.get(node)?.serviceName,
    port: (node) => byName.get(node)?.ports[0]?.external,
    // A parameter that nobody has to fill in is an empty text.
    parameter: (name) => {
      const declaration = parameterNamed(name);
      if (!declaration || declaration.secret) return undefined;
      return (Object.hasOwn(parameters, name) ? parameters[name] : undefined) ?? declaration.default ?? '';
    },
    services: services ?? new Map(),
    sealed: (reference) => {
      switch (reference.kind) {
        case 'secret':
          return Object.hasOwn(declared.secrets, reference.name) ? { name: reference.name, version: SECRET_VERSION } : undefined;
        case 'param':
          return parameterNamed(reference.name)?.secret
            ? { name: `param.${reference.name}`, version: SECRET_VERSION }
            : undefined;
        case 'node': {
          const { node } = reference;
          if (!cloud.has(node)) return undefined;
          return { name: `node.${node}`, version: cloudBindings?.get(node) ?? NOT_BOUND, cloudNode: node };
        }
        case 'service':
          return undefined;
      }
    },
  };
}
