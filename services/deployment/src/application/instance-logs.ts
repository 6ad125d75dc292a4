import { setImmediate as turn } from 'node:timers/promises';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { EventStore } from '@souk/event-sourcing';
import { LogStore } from '@souk/log-store';
import { Clock, InjectReadModel } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { LRUCache } from 'lru-cache';
import { allowed, type Remainder } from '../domain/byte-allowance';
import { LogsRefused, TooManyLogs } from '../domain/log.errors';
import { type InstanceDoc, instancesProjection } from '../projections/instances.projection';
import { type LogRecord, logRecordOf } from './log-record';
import { instanceIn, LogTokens } from './log-tokens';

/** What one instance may send: a collector that comes back has a backlog. */
const ALLOWANCE = { burst: 16 * 1024 * 1024, perSecond: 512 * 1024 };
/** Lines that are read before others have their turn. */
const SLICE = 1_000;
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

  /** @throws LogsRefused, TooManyLogs, LogsNotKept */
  async take(bearer: string, body: Buffer): Promise<void> {
    const { instanceId } = await this.sender(bearer);
    const now = this.clock.now();
    const remainder = allowed(this.remainders.get(instanceId), body.length, now.getTime(), ALLOWANCE);
    if (!remainder) throw new TooManyLogs(instanceId);
    this.remainders.set(instanceId, remainder);
    for await (const records of recordsIn(body, now)) await this.store.append(instanceId, records);
  }

  /** Once the instance is gone for all who ask. */
  async forget(instanceId: string): Promise<void> {
    await this.instances.waitFor(await this.events.head(), PATIENCE);
    await this.store.forget(instanceId);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
  }

  private async sender(bearer: string): Promise<InstanceDoc> {
    const claimed = instanceIn(bearer);
    const instance = claimed === undefined ? undefined : await this.instances.get(claimed);
    if (!instance || instance.status === 'deleted' || !(await this.tokens.isBearerOf(instance, bearer))) throw new LogsRefused();
    return instance;
  }
}

/** Lines of JSON, or lists of it. What is no JSON is a line of text. */
async function* recordsIn(body: Buffer, now: Date): AsyncGenerator<readonly LogRecord[]> {
  const lines = body.toString('utf8').split('\n');
  for (let from = 0; from < lines.length; from += SLICE) {
    const records = lines.slice(from, from + SLICE).flatMap((line) => (line.trim() === '' ? [] : valuesOf(line)));
    yield records.map((record) => logRecordOf(record, now));
    await turn();
  }
}

function valuesOf(line: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(line);
    return Array.isArray(value) ? value : [value];
  } catch {
    return [{ log: line }];
  }
}
