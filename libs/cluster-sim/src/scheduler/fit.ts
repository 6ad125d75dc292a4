import { type Node } from '../objects/cluster-objects';
import { wholeUnits, milliCpu } from '../objects/quantity';
import { meets, selects, type Requirement } from '../objects/selector';
import { controllerOf } from '../objects/kube-object';
import { type NodeSelectorTerm, type Pod, type PodSpec } from '../objects/workloads';
import { antiAffinity, type HostPods } from './host-pods';
import { podRequest } from './resource-request';

/** A host as the scheduler sees it: what it has, and the pods that are on it. */
export interface HostView {
  readonly node: Node;
  readonly pods: HostPods;
}

export type Decision = { readonly host: string } | { readonly message: string };

/**
 * Chooses the host of a pod: of those that pass all filters the one with the fewest pods of the same controller, then the
 * one with the most room. Where none passes, the message is that of kube-scheduler:
 *    0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.
 */
export const chooseHost = (pod: Pod, hosts: readonly HostView[], claimProblem?: string): Decision => {
  if (hosts.length === 0) return { message: 'no nodes available to schedule pods' };
  if (claimProblem !== undefined) return { message: unavailable(hosts.length, claimProblem, hosts.length, 0) };
  const neighbours = neighboursOf(pod, hosts);
  const verdicts = hosts.map((host) => ({ host, ...filter(pod, host, hosts, neighbours) }));
  const fitting = verdicts.filter(({ reasons }) => reasons.length === 0);
  if (fitting.length === 0) return { message: refusal(verdicts) };
  const best = fitting
    .map(({ host }) => ({ name: host.node.metadata.name, siblings: siblingsOn(pod, host), load: loadWith(pod, host) }))
    .sort((a, b) => a.siblings - b.siblings || a.load - b.load || (a.name < b.name ? -1 : 1))[0]!;
  return { host: best.name };
};

interface Verdict {
  readonly reasons: readonly string[];
  /** Evicting other pods would help. */
  readonly resolvable: boolean;
}

const refusal = (verdicts: readonly Verdict[]): string => {
  const counts = new Map<string, number>();
  for (const reason of verdicts.flatMap(({ reasons }) => reasons)) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const listed = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  const hopeless = verdicts.filter(({ resolvable }) => !resolvable).length;
  return unavailable(verdicts.length, listed.join(', '), hopeless, verdicts.length - hopeless);
};

const unavailable = (nodes: number, why: string, hopeless: number, helpless: number): string => {
  const preemption = [
    ...(helpless > 0 ? [`${helpless} No preemption victims found for incoming pod`] : []),
    ...(hopeless > 0 ? [`${hopeless} Preemption is not helpful for scheduling`] : []),
  ];
  const none = `0/${nodes} nodes are available`;
  return `${none}: ${why}. preemption: ${none}: ${preemption.sort().join(', ')}.`;
};

/** The filters in the order of kube-scheduler; a host fails by the first that it does not pass. */
const filter = (pod: Pod, host: HostView, hosts: readonly HostView[], neighbours: readonly Neighbour[]): Verdict => {
  const hopeless = (reason: string): Verdict => ({ reasons: [reason], resolvable: false });
  const { node } = host;
  if (node.spec.unschedulable && !tolerates(pod.spec, { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' })) {
    return hopeless('node(s) were unschedulable');
  }
  const taint = (node.spec.taints ?? []).find(
    (each) => each.effect !== 'PreferNoSchedule' && each.key !== 'node.kubernetes.io/unschedulable' && !tolerates(pod.spec, each),
  );
  if (taint) return hopeless(`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`);
  if (!matchesNode(pod.spec, node)) return hopeless("node(s) didn't match Pod's node affinity/selector");
  if (portsClash(pod, host)) {
    return { reasons: ["node(s) didn't have free ports for the requested pod ports"], resolvable: true };
  }
  const lacking = insufficient(pod, host);
  if (lacking.reasons.length > 0) return lacking;
  if (spreadsTooFar(pod, host, hosts)) {
    return { reasons: ["node(s) didn't match pod topology spread constraints"], resolvable: true };
  }
  if (isShunned(pod, host, neighbours)) return { reasons: ["node(s) didn't match pod anti-affinity rules"], resolvable: true };
  return { reasons: [], resolvable: true };
};

const tolerates = ({ tolerations = [] }: PodSpec, taint: { key: string; value?: string; effect: string }): boolean =>
  tolerations.some(
    ({ key, operator = 'Equal', value, effect }) =>
      (!effect || effect === taint.effect) &&
      (key ? key === taint.key : operator === 'Exists') &&
      (operator === 'Exists' || (value ?? '') === (taint.value ?? '')),
  );

const matchesNode = ({ nodeSelector = {}, affinity }: PodSpec, { metadata }: Node): boolean => {
  const labels = metadata.labels ?? {};
  if (Object.entries(nodeSelector).some(([key, value]) => labels[key] !== value)) return false;
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const holds = ({ matchExpressions = [] }: NodeSelectorTerm): boolean =>
    matchExpressions.every(({ key, operator, values = [] }) => meets(labels, { key, operator, values } as Requirement));
  return !terms || terms.some(holds);
};

/** A pod that is placed, for whom it counts whether another one is placed where it is. */
interface Neighbour {
  readonly other: Pod;
  readonly at: Node;
}

/** A rule of anti-affinity counts for both: for the pod that has it, and for those that it names. */
const neighboursOf = (pod: Pod, hosts: readonly HostView[]): Neighbour[] =>
  hosts.flatMap(({ node, pods }) => [...(antiAffinity(pod) ? pods : pods.shunning)].map((other) => ({ other, at: node })));

const isShunned = (pod: Pod, { node: here }: HostView, neighbours: readonly Neighbour[]): boolean =>
  neighbours.some(({ other, at }) => keepsAway(pod, other, here, at) || keepsAway(other, pod, here, at));

const keepsAway = (pod: Pod, other: Pod, here: Node, there: Node): boolean =>
  pod.metadata.namespace === other.metadata.namespace &&
  (antiAffinity(pod) ?? []).some(({ labelSelector, topologyKey }) => {
    const place = here.metadata.labels?.[topologyKey];
    return place !== undefined && place === there.metadata.labels?.[topologyKey] && selects(labelSelector, other.metadata.labels);
  });

const hostPorts = ({ spec }: Pod): string[] =>
  spec.containers
    .flatMap(({ ports }) => ports ?? [])
    .filter(({ hostPort }) => hostPort)
    .map(({ hostPort, protocol }) => `${hostPort ?? 0}/${protocol ?? 'TCP'}`);

const portsClash = (pod: Pod, { pods }: HostView): boolean => {
  const wanted = hostPorts(pod);
  return wanted.length > 0 && [...pods].some((other) => hostPorts(other).some((port) => wanted.includes(port)));
};

const insufficient = (pod: Pod, host: HostView): Verdict => {
  const { allocatable } = host.node.status;
  const { used } = host.pods;
  const asked = podRequest(pod.spec);
  const reasons: string[] = [];
  if (host.pods.size + 1 > wholeUnits(allocatable.pods ?? '110')) reasons.push('Too many pods');
  const cpu = milliCpu(allocatable.cpu);
  const memory = wholeUnits(allocatable.memory);
  if (asked.milliCpu > 0 && used.milliCpu + asked.milliCpu > cpu) reasons.push('Insufficient cpu');
  if (asked.memory > 0 && used.memory + asked.memory > memory) reasons.push('Insufficient memory');
  return { reasons, resolvable: true };
};

const spreadsTooFar = (pod: Pod, host: HostView, hosts: readonly HostView[]): boolean =>
  (pod.spec.topologySpreadConstraints ?? [])
    .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule')
    .some(({ maxSkew, topologyKey, labelSelector }) => {
      const counts = new Map<string, number>();
      for (const { node, pods } of hosts) {
        const domain = node.metadata.labels?.[topologyKey];
        if (domain === undefined || !matchesNode(pod.spec, node)) continue;
        const matching = [...pods].filter(
          ({ metadata }) => metadata.namespace === pod.metadata.namespace && selects(labelSelector, metadata.labels),
        );
        counts.set(domain, (counts.get(domain) ?? 0) + matching.length);
      }
      const here = counts.get(host.node.metadata.labels?.[topologyKey] ?? '');
      return here === undefined || here + 1 - Math.min(...counts.values()) > maxSkew;
    });

const siblingsOn = (pod: Pod, { pods }: HostView): number => {
  const owner = controllerOf(pod)?.uid;
  return owner === undefined ? 0 : pods.siblings(owner);
};

/** How full the host would be, 0 to 1, cpu and memory alike. */
const loadWith = (pod: Pod, { node, pods }: HostView): number => {
  const asked = podRequest(pod.spec);
  const share = (amount: number, whole: number): number => (whole > 0 ? amount / whole : 1);
  const { cpu, memory } = node.status.allocatable;
  return (
    (share(pods.used.milliCpu + asked.milliCpu, milliCpu(cpu)) + share(pods.used.memory + asked.memory, wholeUnits(memory))) / 2 +
    pods.size / 10_000
  );
};
