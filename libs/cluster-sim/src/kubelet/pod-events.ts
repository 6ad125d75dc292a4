import { type EventRecorder } from '../controllers/event-recorder';
import { type Container, type Pod } from '../objects/workloads';
import { type ContainerHappening, type PodRun } from './pod-run';
import { pullError } from './pod-status';

/** Writes what happened to the containers of a pod as the events of a kubelet. */
export const reportHappenings = (
  events: EventRecorder,
  pod: Pod,
  run: PodRun,
  happenings: readonly ContainerHappening[],
  mountProblem: string | undefined,
): void => {
  const say = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
    events.record(pod, 'kubelet', type, reason, message, pod.spec.nodeName);
  if (mountProblem !== undefined && run.main.every(({ phase }) => phase === 'waiting'))
    say('Warning', 'FailedMount', mountProblem);
  for (const { list, index, what } of happenings) {
    const container = (list === 'init' ? pod.spec.initContainers : pod.spec.containers)?.[index];
    const blockedBy = (list === 'init' ? run.init : run.main)[index]?.blockedBy;
    if (container) SENTENCES[what](container, pod, say, blockedBy);
  }
};

type Say = (type: 'Normal' | 'Warning', reason: string, message: string) => void;

const nothing = (): void => undefined;

const SENTENCES: Readonly<
  Record<ContainerHappening['what'], (container: Container, pod: Pod, say: Say, blockedBy: string | undefined) => void>
> = {
  Pulled: ({ image }, _pod, say) => say('Normal', 'Pulled', `Container image "${image}" already present on machine`),
  Started: ({ name }, _pod, say) => say('Normal', 'Started', `Started container ${name}`),
  PullFailed: ({ image }, _pod, say) => {
    say('Normal', 'Pulling', `Pulling image "${image}"`);
    say('Warning', 'Failed', `Failed to pull image "${image}": ${pullError(image)}`);
    say('Warning', 'Failed', 'Error: ErrImagePull');
  },
  PullBackOff: ({ image }, _pod, say) => {
    say('Normal', 'BackOff', `Back-off pulling image "${image}"`);
    say('Warning', 'Failed', 'Error: ImagePullBackOff');
  },
  Blocked: (_container, _pod, say, blockedBy) => say('Warning', 'Failed', `Error: ${blockedBy ?? ''}`),
  Unhealthy: (_container, _pod, say) =>
    say('Warning', 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503'),
  BackOff: ({ name }, { metadata }, say) =>
    say(
      'Warning',
      'BackOff',
      `Back-off restarting failed container ${name} in pod ${metadata.name}_${metadata.namespace ?? ''}(${metadata.uid})`,
    ),
  Crashed: nothing,
  Ready: nothing,
};
