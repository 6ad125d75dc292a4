import { ApiError } from '../objects/api-error';
import { type Condition, findCondition, keyOf, millis, timestamp, withCondition } from '../objects/kube-object';
import { JOBS, PODS } from '../objects/resources';
import { type Job, type Pod } from '../objects/workloads';
import { deleteObject } from '../registry/deletion';
import { type Registry } from '../registry/registry';
import { type Change, isStatusAlone } from '../store/object-store';
import { type Controller } from './controller-loop';
import { type EventRecorder } from './event-recorder';
import { controllerKeys, isActive, isFinished, isReady, podFromTemplate, splitKey } from './pods-of-owner';

const COMPONENT = 'job-controller';
/** Holds a pod until the Job has counted it, so that none is counted twice or not at all. */
const TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking';
const RETRY_CREATE_MS = 1000;

/** Job → Pods until enough have succeeded or too many have failed. */
export class JobController implements Controller {
  readonly name = COMPONENT;

  constructor(
    private readonly registry: Registry,
    private readonly events: EventRecorder,
    private readonly backoff: { readonly backoffMs: number; readonly backoffMaxMs: number },
  ) {}

  concerns(change: Change): readonly string[] {
    if (change.resource === JOBS) return isStatusAlone(change) ? [] : [keyOf(change.object)];
    return change.resource === PODS ? controllerKeys(change, 'Job') : [];
  }

  reconcile(key: string): number | undefined {
    const { namespace, name } = splitKey(key);
    const job = this.registry.store.get(JOBS, namespace, name);
    if (!job) {
      this.releaseOrphans(namespace, name);
      return;
    }
    const counted = this.countFinished(job);
    if (job.metadata.deletionTimestamp) return undefined;
    if (outcomeOf(counted)) return this.afterFinish(counted);
    const verdict = this.judge(counted);
    if (verdict) return this.finish(counted, verdict);
    return this.run(counted);
  }

  /** The pods of a deleted Job need not be counted any more. */
  private releaseOrphans(namespace: string, job: string): undefined {
    for (const pod of this.registry.store.list(PODS, namespace)) {
      const owner = pod.metadata.ownerReferences?.find(({ kind, name }) => kind === 'Job' && name === job);
      if (owner && !this.registry.store.byUid(owner.uid)) this.release(pod);
    }
  }

  private release(pod: Pod): void {
    if (!pod.metadata.finalizers?.includes(TRACKING_FINALIZER)) return;
    const released = this.registry.amend(PODS, pod, (draft) => {
      draft.metadata.finalizers = draft.metadata.finalizers?.filter((each) => each !== TRACKING_FINALIZER);
    });
    this.registry.finishDeletion(PODS, released);
  }

  /** Adds pods that ended since to the counts, and lets go of them; both in one flush. */
  private countFinished(job: Job): Job {
    const ended = this.podsOf(job).filter(
      (pod) => pod.metadata.finalizers?.includes(TRACKING_FINALIZER) && (isFinished(pod) || pod.metadata.deletionTimestamp),
    );
    const succeeded = ended.filter(({ status }) => status.phase === 'Succeeded').length;
    // A pod that is being deleted counts as failed, but not when the end of the Job deletes it.
    const failed = outcomeOf(job) || job.metadata.deletionTimestamp ? 0 : ended.length - succeeded;
    for (const pod of ended) this.release(pod);
    return this.setStatus(job, {
      ...job.status,
      succeeded: (job.status.succeeded ?? 0) + succeeded || undefined,
      failed: (job.status.failed ?? 0) + failed || undefined,
    });
  }

  private judge(job: Job): Verdict | undefined {
    const { spec, status } = job;
    const succeeded = status.succeeded ?? 0;
    const restarts = this.podsOf(job)
      .flatMap((pod) => (pod.spec.restartPolicy === 'OnFailure' ? (pod.status.containerStatuses ?? []) : []))
      .reduce((sum, { restartCount }) => sum + restartCount, 0);
    const active = this.podsOf(job).filter(isActive).length;
    if (spec.completions === undefined ? succeeded > 0 && active === 0 : succeeded >= spec.completions) {
      return { type: 'Complete', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' };
    }
    if ((status.failed ?? 0) > spec.backoffLimit || (restarts > 0 && restarts > spec.backoffLimit)) {
      return { type: 'Failed', reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' };
    }
    if (this.deadlineIn(job) === 0) {
      return { type: 'Failed', reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' };
    }
    return undefined;
  }

  private finish(job: Job, { type, reason, message }: Verdict): number | undefined {
    for (const pod of this.podsOf(job).filter(isActive)) {
      deleteObject(this.registry, PODS, pod.metadata.namespace, pod.metadata.name);
      this.release(this.registry.store.get(PODS, pod.metadata.namespace, pod.metadata.name) ?? pod);
    }
    const now = this.registry.now();
    const condition = (name: string): Condition => ({
      type: name,
      status: 'True',
      reason,
      message,
      lastProbeTime: timestamp(now),
    });
    const interim = type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
    const conditions = withCondition(withCondition(job.status.conditions, condition(interim), now), condition(type), now);
    const finished = this.setStatus(job, {
      ...job.status,
      active: undefined,
      ready: 0,
      terminating: 0,
      ...(type === 'Complete' ? { completionTime: timestamp(now) } : {}),
      conditions,
    });
    if (type === 'Complete') this.events.record(job, COMPONENT, 'Normal', 'Completed', 'Job completed');
    else this.events.record(job, COMPONENT, 'Warning', reason, message);
    return this.afterFinish(finished);
  }

  private run(job: Job): number | undefined {
    const { spec } = job;
    const pods = this.podsOf(job);
    const active = pods.filter(isActive);
    const now = this.registry.now();
    const startTime = job.status.startTime ?? (spec.suspend ? undefined : timestamp(now));
    const left = spec.completions === undefined ? spec.parallelism : spec.completions - (job.status.succeeded ?? 0);
    const wanted = spec.suspend ? 0 : Math.min(spec.parallelism, Math.max(0, left));
    for (const pod of active.slice(wanted)) deleteObject(this.registry, PODS, pod.metadata.namespace, pod.metadata.name);

    const backOff = this.backOffIn(job, pods, now);
    let retry: number | undefined;
    for (let count = active.length; count < wanted && retry === undefined; count++) {
      retry = backOff > 0 ? backOff : this.createPod(job);
    }
    const current = this.podsOf(job).filter(isActive);
    const reported = this.setStatus(job, {
      ...job.status,
      startTime,
      active: current.length || undefined,
      ready: current.filter(isReady).length,
      terminating: this.podsOf(job).filter((pod) => pod.metadata.deletionTimestamp && !isFinished(pod)).length,
      uncountedTerminatedPods: {},
    });
    const waits = [retry, this.deadlineIn(reported)].filter((ms) => ms !== undefined);
    return waits.length > 0 ? Math.min(...waits) : undefined;
  }

  /** @returns in how many milliseconds to try again, when it failed */
  private createPod(job: Job): number | undefined {
    const { namespace, name } = job.metadata;
    try {
      const draft = podFromTemplate(job.spec.template, job, {
        generateName: `${name}-`,
      }) as Pod;
      const finalizers = [...(draft.metadata.finalizers ?? []), TRACKING_FINALIZER];
      const pod = this.registry.createOwned(PODS, namespace, { ...draft, metadata: { ...draft.metadata, finalizers } });
      this.events.record(job, COMPONENT, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
      return undefined;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.events.record(job, COMPONENT, 'Warning', 'FailedCreate', `Error creating: ${error.message}`);
      return RETRY_CREATE_MS;
    }
  }

  /** After a failed pod the next one waits, longer each time. */
  private backOffIn(job: Job, pods: Pod[], now: number): number {
    const failures = job.status.failed ?? 0;
    if (failures === 0) return 0;
    const last = Math.max(0, ...pods.filter(({ status }) => status.phase === 'Failed').map(failedAt));
    const delay = Math.min(this.backoff.backoffMs * 2 ** (failures - 1), this.backoff.backoffMaxMs);
    return Math.max(0, last + delay - now);
  }

  private deadlineIn({ spec, status }: Job): number | undefined {
    if (spec.activeDeadlineSeconds === undefined || !status.startTime) return undefined;
    return Math.max(0, millis(status.startTime) + spec.activeDeadlineSeconds * 1000 - this.registry.now());
  }

  private afterFinish(job: Job): number | undefined {
    const ttl = job.spec.ttlSecondsAfterFinished;
    const finishedAt = millis(outcomeOf(job)?.lastTransitionTime);
    if (ttl === undefined) return undefined;
    const left = finishedAt + ttl * 1000 - this.registry.now();
    if (left > 0) return left;
    deleteObject(this.registry, JOBS, job.metadata.namespace, job.metadata.name, { propagation: 'Background' });
    return undefined;
  }

  private setStatus(job: Job, status: Job['status']): Job {
    const stored = this.registry.store.get(JOBS, job.metadata.namespace, job.metadata.name) ?? job;
    return this.registry.setStatus(JOBS, stored, status);
  }

  private podsOf(job: Job): Pod[] {
    return this.registry.store.ownedBy(job.metadata.uid).filter((object): object is Pod => object.kind === 'Pod');
  }
}

interface Verdict {
  readonly type: 'Complete' | 'Failed';
  readonly reason: string;
  readonly message: string;
}

const outcomeOf = ({ status }: Job): Condition | undefined =>
  ['Complete', 'Failed'].map((type) => findCondition(status.conditions, type)).find((condition) => condition?.status === 'True');

const failedAt = ({ status }: Pod): number =>
  Math.max(0, ...(status.containerStatuses ?? []).map(({ state }) => millis(state.terminated?.finishedAt)));
