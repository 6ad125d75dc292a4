import { join } from 'node:path';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import { InProcessBus, type InProcessBusOptions, type ParkedMessageDoc, parkedMessagesProjection } from '@souk/messaging';
import { LmdbReadStore, ProjectionRunner, type ReadModel, ReadStore } from '@souk/read-store';
import type { BusProcess, EventBusWorld } from './bus-world';
import { MortalEvents } from './mortal-events';

/** The embedded stores in a temporary folder, with as many buses over them, one after the other, as one likes. */
export class EmbeddedWorld implements EventBusWorld {
  private constructor(
    readonly store: LmdbEventStore,
    readonly reads: LmdbReadStore,
    private readonly runner: ProjectionRunner,
    private readonly removeFolder: () => void,
  ) {}

  static async open(): Promise<EmbeddedWorld> {
    const folder = temporaryFolder();
    const store = await LmdbEventStore.open({ directory: join(folder.path, 'events') });
    const reads = await LmdbReadStore.open({ directory: join(folder.path, 'reads'), signingKey: Buffer.alloc(32, 1) });
    const runner = new ProjectionRunner(store, reads, [parkedMessagesProjection]);
    await runner.start();
    return new EmbeddedWorld(store, reads, runner, () => folder.remove());
  }

  /** What is parked, as operators see it. */
  get parked(): ReadModel<ParkedMessageDoc> {
    return this.runner.readModel(parkedMessagesProjection);
  }

  newBus(options: InProcessBusOptions = {}): BusProcess & { readonly bus: InProcessBus; readonly values: MortalValues } {
    const values = new MortalValues(this.reads);
    const events = new MortalEvents(this.store);
    const quick = { retry: { firstMs: 1, maxMs: 4 }, checkpointPauseMs: 1 };
    const bus = new InProcessBus(events, values, this.parked, { ...quick, ...options });
    return {
      bus,
      values,
      kill: async () => {
        values.dead = true;
        await events.die();
        await bus.stop(0);
      },
    };
  }

  async close(): Promise<void> {
    await this.runner.stop();
    await this.store.close();
    await this.reads.close();
    this.removeFolder();
  }
}

/** The read store as one process sees it: when that is dead, nothing of it is written any more. */
export class MortalValues extends ReadStore {
  override readonly shared = false;
  dead = false;
  /** How often values were written. */
  writes = 0;

  constructor(private readonly store: ReadStore) {
    super();
  }

  override open(): never {
    throw new Error('the bus keeps values only');
  }

  override getValue(key: string): Promise<unknown> {
    return this.store.getValue(key);
  }

  override async putValues(values: Readonly<Record<string, unknown>>): Promise<void> {
    if (this.dead) throw new Error('this process is dead');
    this.writes++;
    await this.store.putValues(values);
  }

  override claim(): never {
    throw new Error('the bus claims nothing');
  }
}
