import { controllerOf } from '../objects/kube-object';
import { type Pod } from '../objects/workloads';
import { podRequest, type ResourceRequest } from './resource-request';

/**
 * The pods that take room on one host, with what is asked about all of them at hand: to place a pod costs the same among three of them and among
 * three thousand.
 */
export class HostPods {
  private readonly requests = new Map<Pod, ResourceRequest>();
  private readonly byController = new Map<string, number>();
  private readonly choosy = new Set<Pod>();
  /** What they ask for together. */
  private milliCpu = 0;
  private memory = 0;

  constructor(pods: readonly Pod[] = []) {
    for (const pod of pods) this.add(pod);
  }

  get size(): number {
    return this.requests.size;
  }

  get used(): ResourceRequest {
    return { milliCpu: this.milliCpu, memory: this.memory };
  }

  /** How many of this controller's are here. */
  siblings(controller: string): number {
    return this.byController.get(controller) ?? 0;
  }

  /** Those that keep away from others. */
  get shunning(): Iterable<Pod> {
    return this.choosy;
  }

  [Symbol.iterator](): Iterator<Pod> {
    return this.requests.keys();
  }

  /** @param request of its spec, where it is known */
  add(pod: Pod, request = podRequest(pod.spec)): void {
    this.requests.set(pod, request);
    this.count(pod, request, 1);
    if (antiAffinity(pod)) this.choosy.add(pod);
  }

  /** @returns what it asked for; `undefined` when it was not here */
  remove(pod: Pod): ResourceRequest | undefined {
    const request = this.requests.get(pod);
    if (!request) return undefined;
    this.requests.delete(pod);
    this.choosy.delete(pod);
    this.count(pod, request, -1);
    return request;
  }

  private count(pod: Pod, { milliCpu, memory }: ResourceRequest, by: 1 | -1): void {
    this.milliCpu += by * milliCpu;
    this.memory += by * memory;
    const controller = controllerOf(pod)?.uid;
    if (controller === undefined) return;
    const siblings = this.siblings(controller) + by;
    if (siblings > 0) this.byController.set(controller, siblings);
    else this.byController.delete(controller);
  }
}

/** What a pod must not be near to. */
export const antiAffinity = ({ spec }: Pod) => spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
