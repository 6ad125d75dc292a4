import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { type LeaseKeeper, Leases } from '@souk/coordination';
import { InjectReadModel } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { isUnderWay, placeOf, type Resource } from '../../domain/cloud/resources';
import { type CloudResourcesDoc, cloudResourcesProjection } from '../../projections/cloud-resources.projection';
import { CloudResources } from './cloud-resources';
import { DeploymentSettings } from '../deployment-settings';
import { ResourceSteps, type Wait } from './resource-steps';
import { type Outcome, WorkQueue } from '../work-queue';

/** How often work is looked for that nobody was told of. */
const SWEEP_MS = 30_000;
/** Steps of one resource in one turn; what is left then waits for its next turn. */
const MAX_STEPS = 20;
/** Resources of one provider that are worked on at the same time. */
const PARALLEL = 16;
/** Of those of which nobody knows yet who provides them. */
const UNPLACED = '';
/** How long steps that are under way may take when the process is to end, in milliseconds. */
const STOP_WITHIN_MS = 1_000;

const separator = '/';

/**
 * Works on managed resources, wherever the instances run that they belong to: which these are, the read model says. One queue for each
 * provider, so that one that hangs holds up nobody else's resources, and no cluster. Of several replicas one works, by the lease
 * `cloud-resources`; who takes over after it finds what it has made, since ids follow from what is recorded.
 */
@Injectable()
export class CloudWork implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('cloud-resources');
  private readonly queues = new Map<string, WorkQueue>();
  private readonly looks = new WorkQueue((instanceId) => this.look(instanceId), {
    ...{ parallel: 16, firstPauseMs: 100, longestPauseMs: 5_000 },
    onError: (instanceId, error) =>
      this.logger.error({ err: error, instanceId }, 'resources could not be read; it is tried again'),
  });
  /** Resource → who provides it. What is under way, as far as it is known here. */
  private readonly active = new Map<string, string>();
  /** Resource → how often it was waited for since the last step, and at which one. */
  private readonly waits = new Map<string, { readonly count: number; readonly at: string }>();
  private readonly unfollow: (() => void)[] = [];
  private lease: LeaseKeeper | undefined;
  private stopped = false;

  constructor(
    @InjectReadModel(cloudResourcesProjection) private readonly documents: ReadModel<CloudResourcesDoc>,
    private readonly resources: CloudResources,
    private readonly steps: ResourceSteps,
    private readonly settings: DeploymentSettings,
    private readonly leases: Leases,
  ) {}

  onApplicationBootstrap(): void {
    this.unfollow.push(this.documents.changes(({ keys }) => keys.forEach((instanceId) => this.looks.call(instanceId))));
    const sweep = setInterval(() => void this.takeUp(), SWEEP_MS).unref();
    this.unfollow.push(() => clearInterval(sweep));
    void this.takeUp();
    void this.documents.listening.then(() => this.takeUp());
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    for (const stop of this.unfollow) stop();
    const stopping = [this.looks, ...this.queues.values()].map((queue) => queue.stop());
    const patience = new Promise((fulfil) => setTimeout(fulfil, STOP_WITHIN_MS).unref());
    await Promise.race([Promise.all(stopping), patience]);
    if (this.lease) await this.leases.giveUp(this.lease);
  }

  /** What was under way when the last process ended, and whatever else is not known here. */
  private async takeUp(): Promise<void> {
    let cursor: string | undefined;
    const before = [...this.active.keys()];
    const underWay = new Set<string>();
    try {
      do {
        const page = await this.documents.query({
          ...{ index: 'working', where: { working: true }, limit: 500 },
          ...(cursor && { cursor }),
        });
        for (const doc of page.items) for (const key of this.follow(doc)) underWay.add(key);
        cursor = page.next;
      } while (cursor !== undefined && !this.stopped);
      // Where another replica works, an end is noticed nowhere else.
      if (this.lease?.activity.held() !== true) for (const key of before) if (!underWay.has(key)) this.forget(key);
    } catch (error) {
      if (!this.stopped) this.logger.error({ err: error }, 'what is to be done could not be read; it is tried again');
    }
  }

  private async look(instanceId: string): Promise<Outcome> {
    const doc = await this.documents.get(instanceId);
    if (doc) this.follow(doc);
    return { done: true };
  }

  /** Answers what is under way. */
  private follow({ instanceId, resources }: CloudResourcesDoc): string[] {
    const underWay: string[] = [];
    for (const resource of resources) {
      if (!isUnderWay(resource)) continue;
      const key = [instanceId, resource.node].join(separator);
      underWay.push(key);
      this.active.set(key, providerOf(resource));
      this.begin();
      // What is waited for has its time: nothing has happened but that this was said.
      if (this.waits.get(key)?.at !== stageOf(resource)) this.call(key);
    }
    return underWay;
  }

  private forget(key: string): void {
    this.active.delete(key);
    this.waits.delete(key);
  }

  /** An installation that has never had a cloud node takes no lease. */
  private begin(): void {
    if (this.lease || this.stopped) return;
    const lease = this.leases.keeper('cloud-resources');
    this.lease = lease;
    lease.changes(() => {
      if (lease.activity.held()) for (const key of this.active.keys()) this.call(key);
    });
    void lease.start();
  }

  private call(key: string): void {
    const provider = this.active.get(key);
    if (provider === undefined || this.stopped || !this.lease?.activity.held()) return;
    this.queueOf(provider).call(key);
  }

  private queueOf(provider: string): WorkQueue {
    const known = this.queues.get(provider);
    if (known) return known;
    const queue = new WorkQueue((key) => this.turn(key, provider), {
      ...{ parallel: PARALLEL, firstPauseMs: 200, longestPauseMs: 15_000 },
      onError: (key, error) => this.logger.error({ err: error, key }, 'a resource could not be worked on; it is tried again'),
    });
    this.queues.set(provider, queue);
    return queue;
  }

  private async turn(key: string, provider: string): Promise<Outcome> {
    const [instanceId = '', node = ''] = key.split(separator);
    for (let step = 0; step < MAX_STEPS && this.lease?.activity.held() === true; step++) {
      const owner = await this.resources.of(instanceId);
      const resource = owner.byNode.get(node);
      if (!resource || !isUnderWay(resource)) {
        this.forget(key);
        return { done: true };
      }
      if (providerOf(resource) !== provider) {
        // It is another queue's from here on.
        this.active.set(key, providerOf(resource));
        this.call(key);
        return { done: true };
      }
      if (resource.status !== 'leaving' && (await this.resources.releaseIfDeleted(instanceId, resource))) continue;
      const next = await this.steps.next(instanceId, resource, owner);
      const { said } = next;
      if (said !== undefined) this.logger.warn({ instanceId, node, step: next.type, said }, 'a provider did not do as asked');
      if (next.type === 'wait') return this.pause(key, instanceId, resource, next);
      await this.resources.record(instanceId, resource, next);
      this.waits.delete(key);
    }
    return {};
  }

  private async pause(key: string, instanceId: string, resource: Resource, { delay, afterMs, told }: Wait): Promise<Outcome> {
    const { count: waits } = this.waits.get(key) ?? { count: 0 };
    this.waits.set(key, { count: waits + 1, at: stageOf(resource) });
    if (told) await this.resources.record(instanceId, resource, told);
    if (delay) await this.resources.record(instanceId, resource, { type: 'ResourceDelayed', data: delay });
    const { first, longest } = this.settings.cloudPollMs;
    const patience = Math.min(longest, first * 1.5 ** Math.min(waits, 40));
    const pause = Math.min(longest, Math.max(afterMs ?? patience, first));
    return { lookAgainAt: new Date(Date.now() + pause).toISOString() };
  }
}

function providerOf(resource: Resource): string {
  return placeOf(resource)?.provider ?? UNPLACED;
}

/** As long as it is the same, only its provider can bring it on. */
function stageOf(resource: Resource): string {
  const { resourceId, operationId, status } = resource;
  return [resourceId, operationId, status, status === 'leaving' ? resource.step : ''].join(separator);
}
