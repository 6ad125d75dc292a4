import { type Condition, timestamp, withCondition } from '../objects/kube-object';
import {
  type Container,
  type ContainerState,
  type ContainerStatus,
  type Pod,
  type PodPhase,
  type PodStatus,
} from '../objects/workloads';
import { backOff, type ContainerRun } from './container-run';
import { type PodRun } from './pod-run';

interface Backoff {
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
}

/** What the kubelet reports of a pod, from the life of its containers. */
export const podStatus = (pod: Pod, run: PodRun, hostIP: string, now: number, backoff: Backoff): PodStatus => {
  const initContainers = pod.spec.initContainers ?? [];
  const initialized = initContainers.every((container, index) =>
    container.restartPolicy === 'Always' ? run.init[index]?.startedAt !== undefined : run.init[index]?.exitCode === 0,
  );
  const idle = initialized || initContainers.length === 0 ? 'ContainerCreating' : 'PodInitializing';
  const statuses = pod.spec.containers.map((each, index) => containerStatus(pod, each, run.main[index]!, idle, backoff));
  const init = initContainers.map((each, index) => containerStatus(pod, each, run.init[index]!, 'PodInitializing', backoff));
  const phase = phaseOf(pod, run);
  const running = Boolean(statuses.find(({ state }) => state.running)) || phase !== 'Pending';
  return {
    ...pod.status,
    phase,
    conditions: conditionsOf(pod, phase, statuses, initialized, now),
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(running || init.some(({ state }) => state.running ?? state.terminated)
      ? { podIP: run.ip, podIPs: [{ ip: run.ip }] }
      : { podIP: undefined, podIPs: undefined }),
    startTime: timestamp(run.boundAt),
    containerStatuses: statuses,
    initContainerStatuses: init.length > 0 ? init : undefined,
  };
};

const phaseOf = ({ spec, status }: Pod, run: PodRun): PodPhase => {
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return status.phase;
  const never = spec.restartPolicy === 'Never';
  const initFailed = run.init.some(({ phase, exitCode }) => phase === 'exited' && exitCode !== 0);
  if (initFailed && never) return 'Failed';
  const exited = run.main.every(({ phase }) => phase === 'exited');
  if (exited && spec.restartPolicy !== 'Always') {
    if (run.main.every(({ exitCode }) => exitCode === 0)) return 'Succeeded';
    if (never) return 'Failed';
  }
  const begun = run.main.every(({ startedAt }) => startedAt !== undefined);
  return begun ? 'Running' : 'Pending';
};

const conditionsOf = (pod: Pod, phase: PodPhase, statuses: ContainerStatus[], initialized: boolean, now: number): Condition[] => {
  const unready = statuses.filter(({ ready }) => !ready).map(({ name }) => name);
  const done = phase === 'Succeeded';
  const lacking: Pick<Condition, 'reason' | 'message'> = done
    ? { reason: 'PodCompleted' }
    : phase === 'Failed'
      ? { reason: 'PodFailed' }
      : { reason: 'ContainersNotReady', message: `containers with unready status: [${unready.join(' ')}]` };
  const initProblem = { reason: 'ContainersNotInitialized', message: 'containers with incomplete status' };
  const anyStarted = statuses.some(({ state, lastState }) => state.running ?? state.terminated ?? lastState.terminated);
  const condition = (type: string, holds: boolean, otherwise: Pick<Condition, 'reason' | 'message'>): Condition =>
    holds ? { type, status: 'True', lastProbeTime: null } : { type, status: 'False', lastProbeTime: null, ...otherwise };
  return [
    condition('PodReadyToStartContainers', anyStarted && !done, {}),
    initialized && done
      ? { type: 'Initialized', status: 'True' as const, lastProbeTime: null, reason: 'PodCompleted' }
      : condition('Initialized', initialized, initProblem),
    condition('Ready', unready.length === 0, lacking),
    condition('ContainersReady', unready.length === 0, lacking),
  ].reduce((conditions, each) => withCondition(conditions, each, now), pod.status.conditions ?? []);
};

const containerStatus = (
  pod: Pod,
  { name, image }: Container,
  run: ContainerRun,
  idle: string,
  backoff: Backoff,
): ContainerStatus => {
  const created = run.startedAt !== undefined;
  const id = `containerd://${pod.metadata.uid.replaceAll('-', '')}${run.restarts.toString(16).padStart(8, '0')}`;
  return {
    name,
    image,
    imageID: created ? (image.includes('@') ? image : `docker.io/library/${image}`) : '',
    ready: run.ready && run.phase === 'running',
    started: run.phase === 'running',
    restartCount: run.restarts,
    state: stateOf(pod, name, image, run, idle, backoff),
    lastState: run.phase === 'backing-off' ? terminated(run) : run.last ? terminated(run.last) : {},
    ...(created ? { containerID: id } : {}),
  };
};

const terminated = (run: {
  exitCode?: number | undefined;
  startedAt?: number | undefined;
  finishedAt?: number | undefined;
}): ContainerState => ({
  terminated: {
    exitCode: run.exitCode ?? 0,
    reason: run.exitCode === 0 ? 'Completed' : 'Error',
    startedAt: timestamp(run.startedAt ?? 0),
    finishedAt: timestamp(run.finishedAt ?? 0),
  },
});

const stateOf = (pod: Pod, name: string, image: string, run: ContainerRun, idle: string, backoff: Backoff): ContainerState => {
  switch (run.phase) {
    case 'waiting':
    case 'creating':
      return { waiting: { reason: idle === 'PodInitializing' && run.phase === 'waiting' ? idle : 'ContainerCreating' } };
    case 'blocked':
      return { waiting: { reason: 'CreateContainerConfigError', message: run.blockedBy } };
    case 'pull-failed':
      return run.saidBackOff
        ? {
            waiting: {
              reason: 'ImagePullBackOff',
              message: `Back-off pulling image "${image}": ErrImagePull: ${pullError(image)}`,
            },
          }
        : { waiting: { reason: 'ErrImagePull', message: pullError(image) } };
    case 'running':
      return { running: { startedAt: timestamp(run.startedAt ?? run.since) } };
    case 'exited':
      return terminated(run);
    case 'backing-off':
      return { waiting: { reason: 'CrashLoopBackOff', message: crashMessage(pod, name, run, backoff) } };
  }
};

export const pullError = (image: string): string =>
  `rpc error: code = NotFound desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`;

const crashMessage = ({ metadata }: Pod, container: string, run: ContainerRun, backoff: Backoff): string =>
  `back-off ${backOff(run.restarts, backoff) / 1000}s restarting failed container=${container} ` +
  `pod=${metadata.name}_${metadata.namespace ?? ''}(${metadata.uid})`;
