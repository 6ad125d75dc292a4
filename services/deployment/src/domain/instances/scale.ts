import type { Problem } from '@souk/event-sourcing';
import { presetNamed, type Topology } from '@souk/topology';

/**
 * Replicas share the directory of their storage (F29), and state is not replicated (F22). What keeps data that belong to one process, such as a
 * database, has no more replicas than its version says: two of them on the same files destroy them, and with files of its own each
 * answers something else. Whoever wrote the version was warned; whoever scales was not.
 */
export function scaleProblems({ nodes }: Topology, scale: ReadonlyMap<string, number>): Problem[] {
  return nodes.flatMap(({ serviceName, preset, replicas: stated = 1 }, index) => {
    const wanted = scale.get(serviceName) ?? stated;
    const keepsState = preset !== undefined && presetNamed(preset)?.stableStorage === true;
    if (!keepsState || wanted <= stated) return [];
    const message = `node "${serviceName}" can't have ${wanted} replicas: what it keeps belongs to one process, and is not replicated; ${stated} is what its version has`;
    return [{ code: 'node-keeps-state', pointer: `/nodes/${index}/replicas`, message }];
  });
}
