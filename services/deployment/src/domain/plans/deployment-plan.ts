import type { DeclaredPermissions, SnapshotConfiguration } from '@souk/contracts';
import { jsonPointer, type Problem, type Steps } from '@souk/event-sourcing';
import {
  isProcess,
  type Protocol,
  type ResolvedNode,
  type ResolvedProcess,
  resolvingSteps,
  type ServiceType,
  type Topology,
  warningsOf,
} from '@souk/topology';
import type { HostCapacity } from '../clusters/capacity';
import { cloudDifference, resourcesLost } from '../cloud/cloud-node';
import { nodeOf } from '../cluster-object';
import { differenceSteps, type ObjectDifference, shown } from './instance-difference';
import { beyond } from '../instances/permissions';
import type { PlanRevisions } from './plan-revisions';
import type { RenderedInstance } from '../render/render-instance';
import type { RenderedObject } from '../render/rendered';
import { deviationsOf } from '../render/security';
import { reportSteps, type ResourceReport } from './resource-report';
import type { ServiceBinding } from '../services/services.events';

/** Everything that an operation would do, said before anybody asks for it. */
export interface DeploymentPlan extends ResourceReport {
  readonly kind: 'deploy' | 'upgrade' | 'rollback';
  /** What does not stand in the way, and should be known. */
  readonly warnings: readonly Problem[];
  /** Ways into the instance from outside of it. */
  readonly ports: { readonly opened: readonly ExposedPort[]; readonly closed: readonly ExposedPort[] };
  /** In words. */
  readonly permissions: { readonly added: readonly string[]; readonly removed: readonly string[] };
  /** Services of other instances that it would be bound to. */
  readonly services: readonly ServiceBinding[];
  /** Objects on the cluster, against the rendering of what runs; and cloud nodes. */
  readonly difference: readonly PlannedDifference[];
  /** Objects as they would be applied, sealed values masked. None for whom they are not to be seen. */
  readonly manifests: readonly object[];
  /** Objects too many to be told in full: ask for the nodes that they belong to. */
  readonly leftOut: number;
  /** What the plan was made from; given back with the request, it refuses to do anything else. */
  readonly revisions: PlanRevisions;
}

/** Fields are absent where objects were left out, or are not to be seen. */
export type PlannedDifference = Omit<ObjectDifference, 'fields'> & Partial<Pick<ObjectDifference, 'fields'>>;

export interface ExposedPort {
  readonly node: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly exposure: Exclude<ServiceType, 'ClusterIP'> | 'hostNetwork';
}

/** Everything that a plan follows from. */
export interface ToPlan {
  readonly kind: DeploymentPlan['kind'];
  readonly configuration: SnapshotConfiguration;
  readonly rendered: RenderedInstance;
  /** What runs now; absent for a new instance. */
  readonly before?: { readonly configuration: SnapshotConfiguration; readonly rendered: RenderedInstance };
  /** Init nodes that completed ever. */
  readonly completedInit: ReadonlySet<string>;
  readonly permissions: { readonly granted: DeclaredPermissions; readonly declared: DeclaredPermissions };
  readonly hosts: readonly HostCapacity[];
  /** That it runs on; any, where none is named. */
  readonly platforms?: readonly string[];
  /** What else stands in the way, found elsewhere. */
  readonly problems: readonly Problem[];
  readonly services: readonly ServiceBinding[];
  /** Nodes whose objects are told in full. */
  readonly only?: readonly string[];
  /** Whoever asks may see the objects themselves. */
  readonly inFull: boolean;
  readonly revisions: PlanRevisions;
}

/** The plan, in steps. Linear in the size of both versions. */
export function* planSteps(input: ToPlan): Steps<DeploymentPlan> {
  const {
    kind,
    configuration,
    rendered,
    before,
    completedInit,
    permissions,
    hosts,
    platforms = [],
    problems,
    services,
    revisions,
  } = input;
  const nodes = yield* resolvingSteps(configuration.topology);
  const earlier = before ? yield* resolvingSteps(before.configuration.topology) : [];
  const resources = cloudDifference(before?.configuration.topology ?? noNodes, configuration.topology);
  yield;
  const objects = objectsOf(before ? withoutRepeatedInit(rendered, before.rendered, completedInit) : rendered);
  yield;
  const difference = yield* differenceSteps(before ? objectsOf(before.rendered) : [], objects);
  const changing = changingNodes(difference);
  yield;
  const replicas = replicasIn(before?.rendered);
  const scaled = asRendered(configuration.topology, rendered);
  const report = yield* reportSteps(scaled, hosts, problems, platforms, (node) => newPods(node, replicas, changing));
  const warnings = yield* warningSteps(nodes, configuration.images);
  yield;
  const ports = portChanges(exposedPorts(earlier), exposedPorts(nodes));
  return {
    kind,
    ...report,
    warnings: [...warnings, ...resourcesLost(resources)],
    ports,
    permissions: permissionChanges(permissions.granted, permissions.declared),
    services,
    ...(yield* tellingSteps(objects, [...difference, ...resources], input)),
    revisions,
  };
}

const noNodes: Topology = { nodes: [], arrows: [], parameters: {}, secrets: {} };

const replicasIn = (rendered?: RenderedInstance): ReadonlyMap<string, number> =>
  new Map(rendered?.nodes.map(({ name, replicas }) => [name, replicas]));

/** In as many replicas as its owner wants: none while the instance is stopped. */
function asRendered(topology: Topology, rendered: RenderedInstance): Topology {
  const replicas = replicasIn(rendered);
  const nodes = topology.nodes.map((node) => {
    const wanted = replicas.get(node.serviceName);
    return wanted === undefined ? node : { ...node, replicas: wanted };
  });
  return { ...topology, nodes };
}

/** All objects of an instance, in the order in which they are applied, once it has settled. */
export function objectsOf({ surroundings, quota, nodes }: RenderedInstance): RenderedObject[] {
  const all = [...surroundings, quota.settled];
  for (const { objects } of nodes) all.push(...objects);
  return all;
}

/** As it will stand: init nodes that completed ever are not run again, so what they were made of stays as it is. */
export function withoutRepeatedInit(
  after: RenderedInstance,
  before: RenderedInstance,
  completedInit: ReadonlySet<string>,
): RenderedInstance {
  if (completedInit.size === 0) return after;
  const earlier = new Map(before.nodes.map((node) => [node.name, node]));
  const nodes = after.nodes.flatMap((node) => {
    if (node.category !== 'init' || !completedInit.has(node.name)) return [node];
    return earlier.get(node.name) ?? [];
  });
  return { ...after, nodes };
}

/**
 * How many pods of a node need a place that they do not have: all of a new node; of one that changes those that it has more, and one, since
 * the new pod is ready before an old one goes; none of one that is stopped.
 */
export function newPods(
  { serviceName, replicas }: Pick<ResolvedProcess, 'serviceName' | 'replicas'>,
  before: ReadonlyMap<string, number>,
  changing: ReadonlySet<string>,
): number {
  const has = before.get(serviceName);
  if (replicas === 0) return 0;
  if (has === undefined) return replicas;
  return changing.has(serviceName) ? Math.max(0, replicas - has) + 1 : 0;
}

/** Nodes whose workload is another than it was: their pods are replaced. */
const workloads: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet']);

function changingNodes(difference: readonly ObjectDifference[]): Set<string> {
  const changed = difference.filter(({ change, kind }) => change === 'changed' && workloads.has(kind));
  return new Set(changed.flatMap(({ node }) => node ?? []));
}

function exposedPorts(nodes: readonly ResolvedNode[]): ExposedPort[] {
  return nodes.filter(isProcess).flatMap(({ serviceName, serviceType, hostNetwork, ports }) => {
    const exposure = hostNetwork ? 'hostNetwork' : serviceType;
    if (exposure === 'ClusterIP') return [];
    return ports.map(({ external, protocol }) => ({ node: serviceName, port: external, protocol, exposure }));
  });
}

export function portChanges(before: readonly ExposedPort[], after: readonly ExposedPort[]): DeploymentPlan['ports'] {
  return { opened: missingIn(before, after), closed: missingIn(after, before) };
}

function permissionChanges(granted: DeclaredPermissions, declared: DeclaredPermissions): DeploymentPlan['permissions'] {
  return { added: beyond(granted, declared), removed: beyond(declared, granted) };
}

/** What a buyer should know and a provider may want to mend. Pointers into the topology. One step for each node. */
export function* warningSteps(nodes: readonly ResolvedNode[], images: SnapshotConfiguration['images']): Steps<Problem[]> {
  const unpinned = new Set(images.filter((known) => known.unpinned).map(({ image }) => image));
  // Which images are pinned the snapshot knows better than their names.
  const warnings = warningsOf({ nodes }).filter(({ code }) => code !== 'image-unpinned');
  for (const [index, node] of nodes.entries()) {
    yield;
    if (!isProcess(node)) continue;
    const { serviceName, image } = node;
    const at = (...path: readonly (string | number)[]) => jsonPointer('nodes', index, ...path);
    if (unpinned.has(image))
      warnings.push({
        code: 'image-unpinned',
        pointer: at('image'),
        message: `node "${serviceName}" runs whatever its registry gives for "${image}" at the moment it starts: no digest is known`,
      });
    for (const { setting, level, reason } of deviationsOf(node))
      warnings.push({
        code: 'pod-security',
        pointer: at(setting),
        message: `node "${serviceName}" needs pod security "${level}": ${reason}`,
      });
  }
  return warnings;
}

/** Objects that are told in full in one answer: more would hold up everybody else while they are written. */
export const TOLD_IN_FULL = 500;

/**
 * The objects and changes that are told in full: none, where they are not to be seen, else those of the nodes that are named, or the first
 * {@link TOLD_IN_FULL} of all. One step for each change.
 */
export function* tellingSteps(
  objects: readonly RenderedObject[],
  changes: readonly ObjectDifference[],
  { only, inFull }: Pick<ToPlan, 'only' | 'inFull'>,
): Steps<Pick<DeploymentPlan, 'difference' | 'manifests' | 'leftOut'>> {
  const named = only && new Set(only);
  const isNamed = (node: string | undefined) => !named || (node !== undefined && named.has(node));
  const difference: PlannedDifference[] = [];
  let left = TOLD_IN_FULL;
  for (const { fields, ...which } of changes) {
    yield;
    const isTold = inFull && which.change === 'changed' && isNamed(which.node) && left-- > 0;
    difference.push(isTold ? { ...which, fields } : which);
  }
  if (!inFull) return { difference, manifests: [], leftOut: 0 };
  const wanted = objects.filter(({ object }) => isNamed(nodeOf(object)));
  return {
    difference,
    manifests: wanted.slice(0, TOLD_IN_FULL).map(shown),
    leftOut: Math.max(0, wanted.length - TOLD_IN_FULL),
  };
}

function missingIn(known: readonly ExposedPort[], ports: readonly ExposedPort[]): ExposedPort[] {
  const keys = new Set(known.map(keyOfPort));
  return ports.filter((port) => !keys.has(keyOfPort(port)));
}

const keyOfPort = ({ node, port, protocol, exposure }: ExposedPort): string => `${exposure} ${protocol} ${port} ${node}`;
