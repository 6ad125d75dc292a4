import { timestamp } from '../objects/kube-object';
import { type Pod } from '../objects/workloads';
import { type ContainerRun } from './container-run';
import { conductOfContainer, type ImageConduct } from './images';
import { type PodRun } from './pod-run';

/** What `kubectl logs` shows of a container: a few lines made of its life. `undefined` while it has not started. */
export const podLog = (
  pod: Pod,
  run: PodRun | undefined,
  container: string,
  config: Parameters<typeof conductOfContainer>[1],
): string[] | undefined => {
  const find = (list: 'initContainers' | 'containers'): number =>
    (pod.spec[list] ?? []).findIndex(({ name }) => name === container);
  const init = find('initContainers');
  const main = find('containers');
  const life = init >= 0 ? run?.init[init] : run?.main[main];
  const spec = init >= 0 ? pod.spec.initContainers?.[init] : pod.spec.containers[main];
  if (!spec || life?.startedAt === undefined) return undefined;
  return linesOf(pod, container, spec.image, life, life.startedAt, conductOfContainer(spec, config));
};

const linesOf = (
  { metadata, spec }: Pod,
  container: string,
  image: string,
  life: ContainerRun,
  startedAt: number,
  conduct: ImageConduct,
): string[] => {
  const line = (at: number, text: string): string => `${timestamp(at)} ${text}`;
  const lines = [
    line(startedAt, `starting ${container} from ${image}`),
    line(startedAt, `pod ${metadata.namespace ?? ''}/${metadata.name} on ${spec.nodeName ?? ''}, run ${life.restarts + 1}`),
  ];
  if (life.ready && life.phase === 'running') lines.push(line(startedAt + conduct.startupMs, 'ready'));
  if (conduct.behaviour === 'never-ready') lines.push(line(startedAt + conduct.startupMs, 'still waiting for a dependency'));
  if (life.finishedAt !== undefined) {
    lines.push(line(life.finishedAt, life.exitCode === 0 ? 'finished' : `fatal: exiting with code ${life.exitCode ?? 1}`));
  }
  return lines;
};
