import { type HostPathType, processesOf, type Topology } from '@souk/topology';

/** What a node asks of the host that it runs on. */
export interface HostAccess {
  readonly node: string;
  /** It is reached at the address of its host, and reaches whatever that reaches. */
  readonly hostNetwork: boolean;
  readonly hostPaths: readonly {
    readonly path: string;
    readonly type: HostPathType;
    /** It can't write there. */
    readonly readOnly: boolean;
  }[];
  /** It has a device file, so its container is privileged: root on its host. */
  readonly privileged: boolean;
}

/** Everything of the hosts that an owner is to grant before this can be deployed; nodes that ask for nothing are not named. */
export function hostAccessOf(topology: Topology): HostAccess[] {
  return processesOf(topology)
    .map(({ serviceName, hostNetwork = false, hostPaths = [] }) => ({
      node: serviceName,
      hostNetwork,
      hostPaths: hostPaths.map(({ hostPath, type, readOnly = false }) => ({ path: hostPath, type, readOnly })),
      privileged: hostPaths.some(({ type }) => type === 'CharDevice' || type === 'BlockDevice'),
    }))
    .filter(({ hostNetwork, hostPaths }) => hostNetwork || hostPaths.length > 0);
}
