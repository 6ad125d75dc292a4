import type { ResolvedProcess } from '@souk/topology';
import { isDevice } from '../clusters/host-policy';

/** The Pod Security Standards of Kubernetes, from the strictest. */
export type SecurityLevel = 'restricted' | 'baseline' | 'privileged';

const levels = ['restricted', 'baseline', 'privileged'] as const satisfies readonly SecurityLevel[];

/** A setting of a node because of which its instance can't run under `restricted`. */
export interface Deviation {
  readonly node: string;
  readonly setting: 'userId' | 'hostNetwork' | 'hostPaths';
  /** The strictest level that allows it. */
  readonly level: SecurityLevel;
  readonly reason: string;
}

/** The level that the instance's namespace enforces: the strictest that allows all its nodes. */
export function levelOf(deviations: readonly Deviation[]): SecurityLevel {
  const least = deviations.reduce((most, { level }) => Math.max(most, levels.indexOf(level)), 0);
  return levels[least]!;
}

export function deviationsOf(node: ResolvedProcess): Deviation[] {
  const deviation = (setting: Deviation['setting'], level: SecurityLevel, reason: string): Deviation => ({
    node: node.serviceName,
    setting,
    level,
    reason,
  });
  const deviations: Deviation[] = [];
  if (node.userId === undefined)
    deviations.push(
      deviation(
        'userId',
        'baseline',
        'the node names no user id, so its process runs as the user of its image, which may be root',
      ),
    );
  if (node.userId === 0) deviations.push(deviation('userId', 'baseline', 'the process runs as root'));
  if (node.hostNetwork) deviations.push(deviation('hostNetwork', 'privileged', "the process uses the host's network"));
  for (const { hostPath, type, readOnly } of node.hostPaths ?? []) {
    const sees = `the process ${readOnly ? 'reads' : 'reads and writes'} ${hostPath} of the host`;
    const device = isDevice(type)
      ? ', a device, for which its container must be privileged: it could use every device of the host'
      : '';
    deviations.push(deviation('hostPaths', 'privileged', sees + device));
  }
  return deviations;
}

/** Of the pod, for all its containers. */
export function podSecurity({ userId, storage = [], ports, hostNetwork }: ResolvedProcess): object {
  const lowest = Math.min(...ports.map(({ internal }) => internal));
  return {
    seccompProfile: { type: 'RuntimeDefault' },
    ...(isOrdinary(userId) && { runAsNonRoot: true, runAsUser: userId }),
    ...(userId === 0 && { runAsUser: 0 }),
    // A directory that was just made on the NAS belongs to root.
    ...(isOrdinary(userId) && storage.length > 0 && { fsGroup: userId, fsGroupChangePolicy: 'OnRootMismatch' }),
    // A capability alone does not reach a process that is not root. Not in the host's network, where it would be the host's setting.
    ...(isOrdinary(userId) &&
      lowest < PRIVILEGED_PORTS &&
      !hostNetwork && { sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: String(lowest) }] }),
  };
}

/** Of the container with the node's process. */
export function processSecurity({ userId, ports, hostPaths = [] }: ResolvedProcess): object {
  if (hostPaths.some(({ type }) => isDevice(type))) return { privileged: true };
  const low = ports.some(({ internal }) => internal < PRIVILEGED_PORTS);
  return {
    allowPrivilegeEscalation: false,
    privileged: false,
    // An image that begins as root mostly changes its user when it starts: it needs the capabilities that containers have by default.
    ...(isOrdinary(userId) && { capabilities: { drop: ['ALL'], ...(low && { add: ['NET_BIND_SERVICE'] }) } }),
  };
}

/**
 * Of a collector, which reads what the process writes: as the same user, or, where nobody knows that one, as root that may read everything.
 * A link in the log directory leads it to files of its own container, which has nothing to tell but the token to send these logs.
 */
export function collectorSecurity({ userId }: ResolvedProcess): object {
  return {
    allowPrivilegeEscalation: false,
    privileged: false,
    readOnlyRootFilesystem: true,
    ...(isOrdinary(userId)
      ? { capabilities: { drop: ['ALL'] } }
      : { runAsUser: 0, capabilities: { drop: ['ALL'], add: ['DAC_OVERRIDE'] } }),
  };
}

/** Ports below are root's. */
const PRIVILEGED_PORTS = 1024;

const isOrdinary = (userId: number | undefined): userId is number => userId !== undefined && userId !== 0;
