import { digestOf, isProcess, parseTemplate, resolveNode, type Topology } from '@souk/topology';
import type { Ordered } from './deploy-order';
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

export function cloudNodesOf({ nodes, arrows }: Topology): CloudNode[] {
  return nodes.flatMap((node) => {
    const resolved = resolveNode(node);
    if (isProcess(resolved)) return [];
    const { serviceName: name, cloud } = resolved;
    const { service, plan, parameters = {} } = cloud;
    const dependsOn = arrows.filter(({ from }) => from === name).map(({ to }) => to);
    const spec = { service, plan, parameters, specHash: digestOf({ service, plan, parameters }) };
    return [{ name, category: 'cloud', dependsOn, spec }];
  });
}

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
