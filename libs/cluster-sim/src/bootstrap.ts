import { type ClusterSimConfig, type HostConfig } from './config';
import { VERSION } from './http/discovery';
import { type Condition, timestamp } from './objects/kube-object';
import { LEASES, NAMESPACES, NODES, SERVICES, STORAGE_CLASSES } from './objects/resources';
import { type Node } from './objects/cluster-objects';
import { type Registry } from './registry/registry';
import { ACCESS_MODES, IS_DEFAULT_CLASS, PROVISIONER } from './registry/storage-admission';

/** What every cluster has before anybody asks: its namespaces, the `kubernetes` service, and its hosts as configured. */
export const bootstrapCluster = (registry: Registry, config: ClusterSimConfig, apiPort: number): void => {
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
    if (!registry.store.get(NAMESPACES, undefined, name)) registry.createOwned(NAMESPACES, undefined, { metadata: { name } });
  }
  for (const each of CLASSES) {
    if (!registry.store.get(STORAGE_CLASSES, undefined, each.metadata.name))
      registry.createOwned(STORAGE_CLASSES, undefined, each);
  }
  if (!registry.store.get(SERVICES, 'default', 'kubernetes')) {
    const labels = { component: 'apiserver', provider: 'kubernetes' };
    const ports = [{ name: 'http', port: 443, protocol: 'TCP', targetPort: apiPort }];
    registry.createOwned(SERVICES, 'default', { metadata: { name: 'kubernetes', labels }, spec: { type: 'ClusterIP', ports } });
  }
  config.hosts.forEach((host, index) => putHost(registry, host, index));
  const wanted = new Set(config.hosts.map(({ name }) => name));
  for (const node of registry.store.list(NODES)) {
    if (node.metadata.labels?.[MANAGED] && !wanted.has(node.metadata.name)) registry.store.remove(NODES, node);
  }
};

/** What disks of hosts can do, and what a NAS can do. */
const CLASSES = [
  { name: 'standard', modes: ['ReadWriteOnce', 'ReadWriteOncePod'], annotations: { [IS_DEFAULT_CLASS]: 'true' } },
  { name: 'nas', modes: ['ReadWriteOnce', 'ReadWriteOncePod', 'ReadOnlyMany', 'ReadWriteMany'], annotations: {} },
].map(({ name, modes, annotations }) => ({
  metadata: { name, annotations },
  provisioner: PROVISIONER,
  parameters: { [ACCESS_MODES]: modes.join(',') },
  allowVolumeExpansion: true,
}));

/** On the nodes that the configuration names; one that it names no more is removed at the next start. */
const MANAGED = 'cluster-sim.souk/host';

const putHost = (registry: Registry, host: HostConfig, index: number): void => {
  const { name, cpu, memory, pods = 110, arch = 'amd64' } = host;
  const labels = {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': arch,
    'beta.kubernetes.io/os': 'linux',
    'beta.kubernetes.io/arch': arch,
    [MANAGED]: 'true',
    ...host.labels,
  };
  const amounts = { cpu, memory, pods: String(pods), 'ephemeral-storage': '100Gi' };
  const status = (node: Node | undefined): Node['status'] => ({
    capacity: amounts,
    allocatable: amounts,
    addresses: [
      { type: 'InternalIP', address: `10.0.0.${index + 1}` },
      { type: 'Hostname', address: name },
    ],
    conditions: node?.status.conditions ?? hostConditions(registry.now()),
    nodeInfo: nodeInfo(arch),
  });
  const existing = registry.store.get(NODES, undefined, name);
  if (existing) {
    registry.amend(NODES, existing, (draft) => {
      draft.metadata.labels = { ...draft.metadata.labels, ...labels };
      draft.status = status(existing);
    });
  } else {
    const cidr = pods > 250 ? `10.${128 + index}.0.0/16` : `10.244.${index}.0/24`;
    const spec = { podCIDR: cidr, podCIDRs: [cidr], providerID: `souk-sim://${name}` };
    registry.createOwned(NODES, undefined, { metadata: { name, labels }, spec, status: status(undefined) });
  }
  if (registry.store.get(LEASES, 'kube-node-lease', name)) return;
  const renewTime = new Date(registry.now()).toISOString().replace('Z', '000Z');
  const lease = { holderIdentity: name, leaseDurationSeconds: 40, renewTime };
  registry.createOwned(LEASES, 'kube-node-lease', { metadata: { name }, spec: lease });
};

const hostConditions = (now: number): Condition[] => {
  const at = { lastHeartbeatTime: timestamp(now), lastTransitionTime: timestamp(now) };
  const healthy = (type: string, reason: string, message: string): Condition => ({
    type,
    status: 'False',
    reason,
    message,
    ...at,
  });
  return [
    healthy('MemoryPressure', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    healthy('DiskPressure', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    healthy('PIDPressure', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status', ...at },
  ];
};

const nodeInfo = (architecture: string): Record<string, string> => ({
  architecture,
  bootID: '',
  containerRuntimeVersion: 'souk-sim://1.0',
  kernelVersion: 'simulated',
  kubeProxyVersion: VERSION.gitVersion,
  kubeletVersion: VERSION.gitVersion,
  machineID: '',
  operatingSystem: 'linux',
  osImage: 'Souk cluster simulator',
  systemUUID: '',
});
