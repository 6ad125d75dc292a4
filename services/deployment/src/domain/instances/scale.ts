import { presetNamed, type Topology } from '@souk/topology';
import { NodeKeepsState } from './instance.errors';

/**
 * Replicas share the directory of their storage (F29), and state is not replicated (F22). What keeps data that belong to one process, such as a
 * database, has no more replicas than its version says: two of them on the same files destroy them, and with files of its own each
 * answers something else. Whoever wrote the version was warned; whoever scales is not asked twice.
 * @throws NodeKeepsState
 */
export function assertScalable({ nodes }: Topology, scale: ReadonlyMap<string, number>): void {
  for (const { serviceName, preset, replicas: stated = 1 } of nodes) {
    const wanted = scale.get(serviceName) ?? stated;
    const keepsState = preset !== undefined && presetNamed(preset)?.stableStorage === true;
    if (keepsState && wanted > stated) throw new NodeKeepsState(serviceName, wanted, stated);
  }
}
