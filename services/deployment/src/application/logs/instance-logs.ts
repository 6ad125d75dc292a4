import { setImmediate as turn } from 'node:timers/promises';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { EventStore } from '@souk/event-sourcing';
import { LINE_OVERHEAD, LogStore } from '@souk/log-store';
import { Clock, InjectReadModel } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { LRUCache } from 'lru-cache';
import { allowed, type Remainder } from '../../domain/logs/byte-allowance';
import { LogsRefused, TooManyLogs } from '../../domain/logs/log.errors';
import { type InstanceDoc, instancesProjection } from '../../projections/instances.projection';
import type { LogRecord } from './log-record';
import { recordsIn } from './log-records';
import { instanceIn, LogTokens } from './log-tokens';

/** What one instance may send: a collector that comes back has a backlog. */
const ALLOWANCE = { burst: 16 * 1024 * 1024, perSecond: 512 * 1024 };
/** How long a deleted instance may take to reach the read model, in milliseconds. */
const PATIENCE = 10_000;

/** Takes logs from the collectors of instances. They pass no event store: they are many, and nobody's decision. */
@Injectable()
export class InstanceLogs implements OnApplicationShutdown {
  private readonly remainders = new LRUCache<string, Remainder>({ max: 100_000 });

  constructor(
    private readonly store: LogStore,
    private readonly tokens: LogTokens,
    private readonly events: EventStore,
    private readonly clock: Clock,
    @InjectReadModel(instancesProjection) private readonly instances: ReadModel<InstanceDoc>,
  ) {}

  /** Before anything is read of what it sends. @throws LogsRefused */
  async admit(bearer: string): Promise<void> {
    await this.sender(bearer);
  }

  /** All of it or nothing. @throws LogsRefused, TooManyLogs, TooManyLogRecords, LogsNotKept */
  async take(bearer: string, body: Buffer): Promise<void> {
    const { instanceId } = await this.sender(bearer);
    const now = this.clock.now();
    this.charge(instanceId, body.length, now);
    const slices: (readonly LogRecord[])[] = [];
    let records = 0;
    for (const slice of recordsIn(body, now)) {
      slices.push(slice);
      records += slice.length;
      await turn();
    }
    // Short lines take more room than they have bytes.
    this.charge(instanceId, Math.max(0, records * LINE_OVERHEAD - body.length), now);
    for (const slice of slices) await this.store.append(instanceId, slice);
  }

  /** Once the instance is gone for all who ask. */
  async forget(instanceId: string): Promise<void> {
    await this.instances.waitFor(await this.events.head(), PATIENCE);
    await this.store.forget(instanceId);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
  }

  /** @throws TooManyLogs */
  private charge(instanceId: string, bytes: number, now: Date): void {
    const remainder = allowed(this.remainders.get(instanceId), bytes, now.getTime(), ALLOWANCE);
    if (!remainder) throw new TooManyLogs(instanceId);
    this.remainders.set(instanceId, remainder);
  }

  private async sender(bearer: string): Promise<InstanceDoc> {
    const claimed = instanceIn(bearer);
    const instance = claimed === undefined ? undefined : await this.instances.get(claimed);
    if (!instance || instance.status === 'deleted' || !(await this.tokens.isBearerOf(instance, bearer))) throw new LogsRefused();
    return instance;
  }
}
