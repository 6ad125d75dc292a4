import type { Problem } from '@souk/event-sourcing';
import { cloudNamePattern } from './patterns';
import type { TopologyNode } from './topology';

const allowed: ReadonlySet<string> = new Set(['serviceName', 'category', 'cloud', 'position']);

/** A cloud node is an offering and its plan, and nothing that a process has. */
export function cloudProblems(node: TopologyNode, at: string): Problem[] {
  const { cloud } = node;
  const foreign = Object.entries(node)
    .filter(([field, value]) => value !== undefined && !allowed.has(field))
    .map(([field]) => ({
      code: 'cloud-setting',
      pointer: `${at}/${field}`,
      message: `a cloud node is no process, so it has no "${field}"`,
    }));
  if (!cloud) {
    const message = 'a cloud node names an offering of its cloud and a plan: "cloud": {"service": …, "plan": …}';
    return [{ code: 'cloud-missing', pointer: `${at}/cloud`, message }, ...foreign];
  }
  const unnamed = (['service', 'plan'] as const)
    .filter((part) => !cloudNamePattern.test(cloud[part]))
    .map((part) => ({
      code: 'cloud-name-invalid',
      pointer: `${at}/cloud/${part}`,
      message: `${JSON.stringify(cloud[part])} is no name of a ${part === 'service' ? 'service' : 'plan'}: one word`,
    }));
  return [...unnamed, ...foreign];
}
