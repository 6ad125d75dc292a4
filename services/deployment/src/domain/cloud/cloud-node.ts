import type { Problem } from '@souk/event-sourcing';
import { digestOf, fieldChanges, isProcess, parseTemplate, referredParameters, resolveNode, type Topology } from '@souk/topology';
import type { Ordered } from '../operations/deploy-order';
import type { ObjectDifference } from '../plans/instance-difference';
import type { ResourceSpec } from './resources.events';

/** A cloud node as it is to be. */
export interface CloudNode extends Ordered {
  readonly category: 'cloud';
  readonly spec: ResourceSpec;
}

/** A process reads that credential of that cloud node in its environment. */
export interface CredentialUse {
  readonly node: string;
  readonly field: string;
}

export function cloudNodesOf({ nodes, arrows, parameters: declared }: Topology): CloudNode[] {
  const cloud = nodes.filter(({ category }) => category === 'cloud').map(resolveNode);
  if (cloud.length === 0) return [];
  const targets = new Map<string, string[]>(cloud.map(({ serviceName }) => [serviceName, []]));
  for (const { from, to } of arrows) targets.get(from)?.push(to);
  return cloud.flatMap((node) => {
    if (isProcess(node)) return [];
    const { serviceName: name, cloud: asked } = node;
    const { service, plan, parameters = {} } = asked;
    const dependsOn = targets.get(name) ?? [];
    const known = referredParameters(parameters, declared);
    const wanted = { service, plan, parameters, ...(Object.keys(known).length > 0 && { referred: known }) };
    return [{ name, category: 'cloud', dependsOn, spec: { ...wanted, specHash: digestOf(wanted) } }];
  });
}

/** What becomes of managed resources: no objects on the cluster, and told among them. */
export function cloudDifference(before: Topology, after: Topology): ObjectDifference[] {
  const left = new Map(cloudNodesOf(before).map(({ name, spec }) => [name, spec]));
  const differenceOf = (name: string, change: ObjectDifference['change'], fields: ObjectDifference['fields'] = []) => {
    return { change, kind: 'CloudNode', name, node: name, fields };
  };
  const differences = cloudNodesOf(after).map(({ name, spec }) => {
    const earlier = left.get(name);
    left.delete(name);
    if (!earlier) return differenceOf(name, 'created');
    if (earlier.specHash === spec.specHash) return differenceOf(name, 'untouched');
    return differenceOf(name, 'changed', fieldChanges(told(earlier), told(spec)));
  });
  return [...differences, ...[...left.keys()].map((name) => differenceOf(name, 'deleted'))];
}

const told = ({ specHash: _, ...spec }: ResourceSpec) => spec;

/** Nothing else of a plan destroys what can't be made again. */
export function resourcesLost(difference: readonly ObjectDifference[]): Problem[] {
  return difference
    .filter(({ change }) => change === 'deleted')
    .map(({ name }) => ({
      code: 'resource-deleted',
      pointer: '',
      message: `cloud node "${name}" is not there any more: its resource is deleted once the version runs, and its data is gone then`,
    }));
}

export const notReplaceable = (from: string, to: string): string =>
  `a "${from}" can't become a "${to}": give the new one another service name`;

export const notUpdatable = (plan: string): string => `its provider does not change plan "${plan}" to another one`;

/** Process → what it reads. Empty where the topology has no cloud node. */
export function credentialsReadIn({ nodes }: Topology): ReadonlyMap<string, readonly CredentialUse[]> {
  const uses = new Map<string, CredentialUse[]>();
  const cloud = new Set(nodes.filter(({ category }) => category === 'cloud').map(({ serviceName }) => serviceName));
  if (cloud.size === 0) return uses;
  for (const { serviceName, env = {} } of nodes) {
    const read = Object.values(env).flatMap((template) =>
      parseTemplate(template).flatMap((part) => {
        if (!('reference' in part) || part.reference.kind !== 'node' || !cloud.has(part.reference.node)) return [];
        const { node, field } = part.reference;
        return [{ node, field }];
      }),
    );
    if (read.length > 0) uses.set(serviceName, read);
  }
  return uses;
}
