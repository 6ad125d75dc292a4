import { CodedEventStore, type EventStore, type Position } from '@souk/event-sourcing';
import type { ReadModel, ReadStore } from '@souk/read-store';
import type { NatsConnection } from 'nats';
import { type BusOptions, type RunOptions, runOptionsOf } from '../bus-options';
import type { GroupStats } from '../bus-stats';
import { Delivery } from '../delivery';
import type { Publication } from '../event-bus.port';
import { messagesBehind } from '../group-consumer';
import { LocalPublicHistory } from '../local-public-history';
import type { ParkedMessageDoc } from '../parking/parked-messages.projection';
import { ParkingLedger } from '../parking/parking-ledger';
import type { PublicHistory } from '../public-history.port';
import { StartableBus } from '../startable-bus';
import { Broker } from './broker';
import { type BrokerOptions, connectionOptionsOf } from './broker-options';
import { JetStreamRun, type JetStreamWorld, pausesOf } from './jetstream-run';
import { heldFormOf, publicMessages } from './public-messages';
import { alwaysActive, type BusActivity, ValuesWhileActive, whileActive } from './while-active';
import { Names } from './wire';

export interface JetStreamBusOptions extends BusOptions, BrokerOptions {
  /** As it lies, where there is a codec. */
  readonly eventStore: EventStore;
  /** Keeps what relays and groups have behind them, under `bus/jetstream/`. Shared by the replicas of a service, where those take turns. */
  readonly readStore: ReadStore;
  /** The read model of `parkedMessagesProjection`, kept by somebody else. */
  readonly parked: ReadModel<ParkedMessageDoc>;
  /** The public events of every service that groups listen to. Default: of those of this process. */
  readonly history?: PublicHistory;
  /** Which of several replicas works: relays and groups keep their order only where one does. Default: this one. */
  readonly activity?: BusActivity;
}

const DAY = 24 * 60 * 60 * 1_000;

/** A bus over NATS JetStream. Nothing is connected before its start, and its start does not wait for the broker. @throws Error for a bad address */
export async function openJetStreamBus(options: JetStreamBusOptions): Promise<JetStreamBus> {
  return new JetStreamBus(options, await brokerConnector(options));
}

/** Loads the driver. @returns opens a connection to the broker @throws Error for a bad address */
export async function brokerConnector(options: BrokerOptions): Promise<() => Promise<NatsConnection>> {
  const { connect, credsAuthenticator } = await import('nats');
  const { credentials } = options;
  const authenticator = credentials === undefined ? undefined : credsAuthenticator(Buffer.from(credentials));
  const connectionOptions = { ...connectionOptionsOf(options), ...(authenticator && { authenticator }) };
  return () => connect(connectionOptions);
}

/**
 * The bus of the distributed shape. The broker is a notifier, not a store: a relay for each service of this process puts its public events into a
 * stream, and a consumer for each group and partition takes them out; whatever the broker loses is told again from the event store.
 *
 * What a group has behind it is one small value in the read store, as in the embedded shape, by service and partition. Of several replicas
 * only the active one works; what it had behind it, the next one takes over from that value.
 */
export class JetStreamBus extends StartableBus {
  private readonly told: Publication[] = [];
  private readonly options: RunOptions;
  private readonly activity: BusActivity;
  private broker: Broker | undefined;
  private run: JetStreamRun | undefined;
  private endChanges: (() => void) | undefined;
  private cancelRetry: (() => void) | undefined;
  /** Another process may have worked since the run began. */
  private isStale = false;
  private turning: Promise<void> = Promise.resolve();

  /** @param connect as {@link brokerConnector} makes it */
  constructor(
    private readonly settings: JetStreamBusOptions,
    private readonly connect: () => Promise<NatsConnection>,
  ) {
    super();
    this.options = runOptionsOf(settings);
    this.activity = settings.activity ?? alwaysActive;
  }

  override publish(publication: Publication): void {
    super.publish(publication);
    this.told.push(publication);
  }

  /** Of what the services of this process tell. @throws Error when the bus is not running here, or is stopped meanwhile */
  override async settled(position: Position): Promise<void> {
    await this.started();
    if (!this.run) throw new Error('the bus is running in another process');
    await this.run.settled(position);
  }

  override async waitingBehind(group: string, subject: string, revision: number, atMost: number): Promise<number> {
    const here = this.groups.get(group);
    if (!here) return 0;
    const history = this.history();
    const read = async (...page: Parameters<PublicHistory['read']>) => {
      const { events, upTo } = await history.read(...page);
      return { events: events.map(heldFormOf), upTo: upTo < page[1] ? undefined : upTo };
    };
    return messagesBehind({ read }, new Delivery(here, publicMessages, this.options), { subject, revision, atMost });
  }

  /** None where another process works. */
  override async stats(): Promise<readonly GroupStats[]> {
    return (await this.run?.stats()) ?? [];
  }

  /** The broker may come later: until then {@link stats} tells that the bus is broken. */
  protected override async begin(): Promise<void> {
    this.broker = this.newBroker();
    this.endChanges = this.activity.changes(() => {
      if (!this.activity.held()) this.isStale = true;
      this.turn().catch((error: unknown) => this.turnLater(error, 1));
    });
    try {
      await this.turn();
      this.broker.start();
    } catch (error) {
      await this.end(0);
      throw error;
    }
  }

  private newBroker(): Broker {
    const { maxAgeMs = 7 * DAY, maxBytes = 1 << 30, replicas = 1 } = this.settings;
    return new Broker(this.connect, {
      names: this.names(),
      limits: { maxAgeMs, maxBytes, replicas },
      timers: this.options.timers,
      pause: pausesOf(this.options),
      onTrouble: (error) => this.options.onTrouble({ what: 'broker', error }),
    });
  }

  /** Works, or leaves it to somebody else, whatever is right now; one change after the other. @throws what a start throws */
  private turn(): Promise<void> {
    const turned = this.turning.then(() => this.adapt());
    this.turning = turned.catch(() => undefined);
    return turned;
  }

  private async adapt(): Promise<void> {
    if (this.run && (this.isStale || this.isStopping)) await this.leave(0);
    this.isStale = false;
    if (this.run || this.isStopping || !this.activity.held()) return;
    const run = new JetStreamRun(this.world(this.broker!), this.options);
    await run.start(this.groups.all().map((group) => whileActive(group, this.activity)));
    this.run = run;
  }

  private turnLater(error: unknown, failures: number): void {
    this.options.onTrouble({ what: 'subscription', error });
    this.cancelRetry = this.options.timers.after(pausesOf(this.options)(failures), () => {
      this.turn().catch((again: unknown) => this.turnLater(again, failures + 1));
    });
  }

  protected override async end(graceMs: number): Promise<void> {
    this.endChanges?.();
    this.cancelRetry?.();
    await this.turning;
    await this.leave(graceMs);
    await this.broker?.close();
    this.broker = undefined;
  }

  private async leave(graceMs: number): Promise<void> {
    await this.run?.stop(graceMs);
    this.run = undefined;
  }

  private world(broker: Broker): JetStreamWorld {
    const { eventStore: store, readStore, parked, codec, window = 256 } = this.settings;
    return {
      broker,
      names: this.names(),
      store,
      window,
      values: new ValuesWhileActive(readStore, this.activity),
      ledger: new ParkingLedger(codec ? new CodedEventStore(store, codec) : store, parked),
      publications: this.publications,
      history: this.history(),
    };
  }

  private history(): PublicHistory {
    const { history, eventStore, codec } = this.settings;
    return history ?? new LocalPublicHistory(eventStore, this.told, codec);
  }

  private names(): Names {
    return new Names(this.settings.installation ?? 'souk');
  }
}
