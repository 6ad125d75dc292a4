import { type Container, type PodSpec } from '../objects/workloads';

/** The label by which a namespace says what its pods may ask of their hosts. */
export const ENFORCE = 'pod-security.kubernetes.io/enforce';

/**
 * Why a pod may not run at this level of the Pod Security Standards, in the words of k8s.io/pod-security-admission. An unknown level is the
 * strictest one, as there. Linux only; AppArmor, SELinux and /proc are not looked at.
 */
export const podSecurityViolations = (level: string, spec: PodSpec): string[] => {
  if (level === 'privileged') return [];
  const baseline = BASELINE.flatMap((check) => check(spec) ?? []);
  return level === 'baseline' ? baseline : [...baseline, ...RESTRICTED.flatMap((check) => check(spec) ?? [])];
};

type Check = (spec: PodSpec) => string | undefined;

const containersOf = ({ containers, initContainers = [] }: PodSpec): Container[] => [...initContainers, ...containers];

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

/** `containers "a", "b" must …` */
const those = (containers: readonly Container[]): string =>
  `container${containers.length > 1 ? 's' : ''} ${quoted(containers.map(({ name }) => name))}`;

const offenders = (spec: PodSpec, offends: (container: Container) => boolean, why: string, must: string): string | undefined => {
  const found = containersOf(spec).filter(offends);
  return found.length > 0 ? `${why} (${those(found)} ${must})` : undefined;
};

const DEFAULT_CAPABILITIES = [
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD'],
  ...['NET_BIND_SERVICE', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
];

const SAFE_SYSCTLS = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_syncookies',
];

const RESTRICTED_VOLUMES = [
  ...['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret'],
];

const addedBeyond = (spec: PodSpec, allowed: readonly string[], why: string): string | undefined => {
  const beyond = (container: Container): string[] =>
    (container.securityContext?.capabilities?.add ?? []).filter((capability) => !allowed.includes(capability));
  const found = containersOf(spec).filter((container) => beyond(container).length > 0);
  const what = quoted([...new Set(found.flatMap(beyond))]);
  return found.length > 0 ? `${why} (${those(found)} must not include ${what} in securityContext.capabilities.add)` : undefined;
};

const BASELINE: readonly Check[] = [
  ({ hostNetwork }) => (hostNetwork ? 'host namespaces (hostNetwork=true)' : undefined),
  ({ volumes = [] }) => {
    const found = volumes.filter(({ hostPath }) => hostPath).map(({ name }) => name);
    return found.length > 0 ? `hostPath volumes (volume${found.length > 1 ? 's' : ''} ${quoted(found)})` : undefined;
  },
  (spec) =>
    offenders(
      spec,
      ({ securityContext }) => securityContext?.privileged === true,
      'privileged',
      'must not set securityContext.privileged=true',
    ),
  (spec) => addedBeyond(spec, DEFAULT_CAPABILITIES, 'non-default capabilities'),
  (spec) => {
    const ports = containersOf(spec).flatMap(({ ports = [] }) => ports.flatMap(({ hostPort }) => hostPort ?? []));
    const found = containersOf(spec).filter((each) => each.ports?.some(({ hostPort }) => hostPort));
    return found.length > 0
      ? `hostPort (${those(found)} use${found.length > 1 ? '' : 's'} hostPort${ports.length > 1 ? 's' : ''} ${ports.join(', ')})`
      : undefined;
  },
  ({ securityContext }) => {
    const unsafe = (securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !SAFE_SYSCTLS.includes(name));
    return unsafe.length > 0 ? `forbidden sysctls (${unsafe.join(', ')})` : undefined;
  },
  (spec) => {
    const pod = spec.securityContext?.seccompProfile?.type === 'Unconfined' ? ['pod'] : [];
    const found = containersOf(spec).filter(({ securityContext }) => securityContext?.seccompProfile?.type === 'Unconfined');
    const who = [...pod, ...(found.length > 0 ? [those(found)] : [])].join(' and ');
    return who ? `seccompProfile (${who} must not set securityContext.seccompProfile.type to "Unconfined")` : undefined;
  },
];

const RESTRICTED: readonly Check[] = [
  ({ volumes = [] }) => {
    const found = volumes.filter((volume) =>
      Object.keys(volume).some((field) => field !== 'name' && !RESTRICTED_VOLUMES.includes(field)),
    );
    if (found.length === 0) return undefined;
    const types = found.flatMap((volume) => Object.keys(volume).filter((field) => field !== 'name'));
    const names = quoted(found.map(({ name }) => name));
    return `restricted volume types (volume${found.length > 1 ? 's' : ''} ${names} use${found.length > 1 ? '' : 's'} restricted volume type ${quoted(types)})`;
  },
  (spec) =>
    offenders(
      spec,
      ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false,
      'allowPrivilegeEscalation != false',
      'must set securityContext.allowPrivilegeEscalation=false',
    ),
  (spec) =>
    offenders(
      spec,
      ({ securityContext }) => !securityContext?.capabilities?.drop?.includes('ALL'),
      'unrestricted capabilities',
      'must set securityContext.capabilities.drop=["ALL"]',
    ),
  (spec) => addedBeyond(spec, ['NET_BIND_SERVICE'], 'unrestricted capabilities'),
  (spec) => {
    const ofPod = spec.securityContext?.runAsNonRoot;
    const must = 'must set securityContext.runAsNonRoot=true';
    const found = containersOf(spec).filter(({ securityContext }) => (securityContext?.runAsNonRoot ?? ofPod) !== true);
    if (found.length === 0) return undefined;
    return `runAsNonRoot != true (${ofPod === true ? those(found) : `pod or ${those(found)}`} ${must})`;
  },
  (spec) => {
    const pod = spec.securityContext?.runAsUser === 0 ? ['pod'] : [];
    const found = containersOf(spec).filter(({ securityContext }) => securityContext?.runAsUser === 0);
    const who = [...pod, ...(found.length > 0 ? [those(found)] : [])].join(' and ');
    return who ? `runAsUser=0 (${who} must not set runAsUser=0)` : undefined;
  },
  (spec) => {
    const ofPod = spec.securityContext?.seccompProfile?.type;
    const set = (type: string | undefined): boolean => type === 'RuntimeDefault' || type === 'Localhost';
    const found = containersOf(spec).filter(({ securityContext }) => !set(securityContext?.seccompProfile?.type ?? ofPod));
    const must = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"';
    return found.length > 0 ? `seccompProfile (pod or ${those(found)} ${must})` : undefined;
  },
];
