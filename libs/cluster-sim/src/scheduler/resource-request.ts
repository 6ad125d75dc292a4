import { milliCpu, wholeUnits } from '../objects/quantity';
import { type Container, type PodSpec } from '../objects/workloads';

export interface ResourceRequest {
  readonly milliCpu: number;
  /** Bytes. */
  readonly memory: number;
}

/**
 * What a pod asks for: its containers together, or its greediest init container, whichever is more.
 * Init containers that restart always (sidecars) run beside the others and count with them.
 */
export const podRequest = (spec: PodSpec, list: 'requests' | 'limits' = 'requests'): ResourceRequest => {
  const found = known[list].get(spec);
  if (found) return found;
  const request = sumOf(spec, list);
  known[list].set(spec, request);
  return request;
};

/** The spec of a pod stays as it is; it is asked about for every host, and whenever its namespace is counted. */
const known = { requests: new WeakMap<PodSpec, ResourceRequest>(), limits: new WeakMap<PodSpec, ResourceRequest>() };

const sumOf = (spec: PodSpec, list: 'requests' | 'limits'): ResourceRequest => {
  const of = ({ resources }: Container): ResourceRequest => ({
    milliCpu: milliCpu(resources?.[list]?.cpu),
    memory: wholeUnits(resources?.[list]?.memory),
  });
  const init = spec.initContainers ?? [];
  const together = [...spec.containers, ...init.filter(({ restartPolicy }) => restartPolicy === 'Always')].map(of);
  const alone = init.filter(({ restartPolicy }) => restartPolicy !== 'Always').map(of);
  const need = (kind: keyof ResourceRequest): number =>
    Math.max(
      together.reduce((sum, each) => sum + each[kind], 0),
      ...alone.map((each) => each[kind]),
    );
  return { milliCpu: need('milliCpu'), memory: need('memory') };
};
