import { brokerConnector, JetStreamBus, type JetStreamBusOptions, type ParkedMessageDoc } from '@souk/messaging';
import type { ReadModel } from '@souk/read-store';
import { randomUUID } from 'node:crypto';
import type { BusProcess, EventBusWorld } from './bus-world';
import { EmbeddedWorld, MortalValues } from './embedded-world';
import { MortalEvents } from './mortal-events';

type Connect = Awaited<ReturnType<typeof brokerConnector>>;
type Options = Omit<JetStreamBusOptions, 'servers' | 'eventStore' | 'readStore' | 'parked'>;

/** The embedded stores in a temporary folder, and a part of a broker of its own. */
export class JetStreamWorld implements EventBusWorld {
  readonly installation = `souk-${randomUUID()}`;

  private constructor(
    private readonly stores: EmbeddedWorld,
    private readonly url: string,
    readonly connect: Connect,
  ) {}

  static async open(url: string): Promise<JetStreamWorld> {
    return new JetStreamWorld(await EmbeddedWorld.open(), url, await brokerConnector({ servers: url }));
  }

  get store(): EmbeddedWorld['store'] {
    return this.stores.store;
  }

  get reads(): EmbeddedWorld['reads'] {
    return this.stores.reads;
  }

  get parked(): ReadModel<ParkedMessageDoc> {
    return this.stores.parked;
  }

  newBus(options: Options = {}, connect: Connect = this.connect): BusProcess & { readonly bus: JetStreamBus } {
    const values = new MortalValues(this.stores.reads);
    const events = new MortalEvents(this.store);
    const world = {
      servers: this.url,
      installation: this.installation,
      eventStore: events,
      readStore: values,
      parked: this.parked,
    };
    const quick = { retry: { firstMs: 1, maxMs: 4 }, checkpointPauseMs: 1 };
    const bus = new JetStreamBus({ ...world, ...quick, ...options }, connect);
    return {
      bus,
      kill: async () => {
        values.dead = true;
        await events.die();
        await bus.stop(0);
      },
    };
  }

  /** The broker forgets what was put into it. */
  async forget(): Promise<void> {
    const connection = await this.connect();
    try {
      const manager = await connection.jetstreamManager({ checkAPI: false });
      await manager.streams.delete(this.installation.toUpperCase()).catch(() => undefined);
    } finally {
      await connection.close();
    }
  }

  async close(): Promise<void> {
    await this.forget();
    await this.stores.close();
  }
}
