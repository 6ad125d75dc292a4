import { EventCodec, type EventToAppend, type RecordedEvent } from '@souk/event-sourcing';
import {
  Consumer,
  expectEachInOrder,
  Gate,
  happen,
  JetStreamWorld,
  NatsServer,
  thingPublication,
  withoutNats,
} from '@souk/messaging/testing';
import type { JetStreamManager } from 'nats';
import { parkedMessageIdOf } from '../parking/parked-message.decide';
import type { BusActivity } from './while-active';
import { type JetStreamBus, type JetStreamBusOptions, openJetStreamBus } from './jetstream-bus';

/** Cannot read the events of one stream. */
class FailingCodec extends EventCodec {
  override encode(event: EventToAppend): EventToAppend {
    return event;
  }

  override decode(event: RecordedEvent): RecordedEvent {
    if (event.stream === 'thing-sealed') throw Object.assign(new Error('the seal is broken'), { code: 'seal-broken' });
    return event;
  }
}

/** A turn that is given and taken by hand. */
class Turn implements BusActivity {
  private readonly listeners = new Set<() => void>();
  private isHeld = false;

  held(): boolean {
    return this.isHeld;
  }

  changes(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  set(held: boolean, { silently = false } = {}): void {
    this.isHeld = held;
    if (!silently) for (const listener of this.listeners) listener();
  }
}

const describeWithServer = withoutNats ? describe.skip : describe;
const STREAMS = Array.from({ length: 60 }, (_, i) => `thing-${i % 20}`);

// It needs a broker of its own, to break it.
describeWithServer(`JetStreamBus${withoutNats ? `: skipped, ${withoutNats}` : ''}`, () => {
  let server: NatsServer;
  let world: JetStreamWorld;
  const buses: JetStreamBus[] = [];

  const begin = async (consumer: Consumer, options: Partial<JetStreamBusOptions> = {}): Promise<JetStreamBus> => {
    const { bus } = world.newBus(options);
    bus.publish(thingPublication);
    bus.consume(consumer.group('deployment'));
    buses.push(bus);
    await bus.start();
    return bus;
  };
  const stop = async (bus: JetStreamBus): Promise<void> => {
    buses.splice(buses.indexOf(bus), 1);
    await bus.stop(0);
  };
  const until = async (holds: () => Promise<boolean> | boolean): Promise<void> => {
    while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  /** Something is done to the stream behind everybody's back. */
  const meddle = async (how: (manager: JetStreamManager, stream: string) => Promise<unknown>): Promise<void> => {
    const connection = await world.connect();
    await how(await connection.jetstreamManager(), world.installation.toUpperCase());
    await connection.close();
  };

  beforeAll(async () => {
    server = await NatsServer.start();
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    world = await JetStreamWorld.open(server.url);
  });
  afterEach(async () => {
    await Promise.all(buses.splice(0).map((bus) => bus.stop(0)));
    await world.close();
  });

  describe('while the broker is away', () => {
    afterEach(async () => {
      await server.kill();
      await server.start();
    });

    it('starts, says that it is broken, and flows when the broker comes', async () => {
      await server.kill();
      const consumer = new Consumer();
      const bus = await begin(consumer);
      const position = await happen(world.store, STREAMS);
      expect((await bus.stats()).map(({ group, condition }) => [group, condition])).toEqual([
        ['deployment', 'broken'],
        ['relay/things', 'broken'],
      ]);
      await server.start();
      await bus.settled(position);
      expectEachInOrder(consumer.handled, STREAMS);
      expect(await bus.stats()).toMatchObject([{ condition: 'running', lag: 0, heldSubjects: 0 }]);
    });

    it.each([
      ['killed', () => undefined],
      ['robbed of its data', () => server.wipe()],
    ])('%s, it misses nothing and repeats nothing', async (_how, harm) => {
      const consumer = new Consumer();
      const bus = await begin(consumer);
      await bus.settled(await happen(world.store, STREAMS));
      await server.kill();
      harm();
      await happen(world.store, STREAMS);
      await server.start();
      await bus.settled(await happen(world.store, STREAMS));
      expectEachInOrder(consumer.handled, [...STREAMS, ...STREAMS, ...STREAMS]);
    });

    it('does not wait for a broker that stands still, and goes on when it moves', async () => {
      const consumer = new Consumer();
      const bus = await begin(consumer);
      await bus.settled(await happen(world.store, STREAMS));
      server.freeze();
      const position = await happen(world.store, STREAMS);
      await until(async () => (await bus.stats()).some(({ condition }) => condition === 'broken'));
      server.thaw();
      await bus.settled(position);
      expectEachInOrder(consumer.handled, [...STREAMS, ...STREAMS]);
    }, 40_000);
  });

  it('says of a stream that takes no messages that it is broken, and tells them when it takes them again', async () => {
    const limit = (max_msg_size: number) =>
      meddle(async (manager, stream) => {
        const { config } = await manager.streams.info(stream);
        await manager.streams.update(stream, { ...config, max_msg_size });
      });
    const consumer = new Consumer();
    const bus = await begin(consumer);
    await bus.settled(await happen(world.store, STREAMS));
    await limit(1);
    const position = await happen(world.store, STREAMS);
    await until(async () =>
      (await bus.stats()).some(({ group, condition }) => group === 'relay/things' && condition === 'broken'),
    );
    await limit(-1);
    await bus.settled(position);
    expectEachInOrder(consumer.handled, [...STREAMS, ...STREAMS]);
    expect(await bus.stats()).toMatchObject([{ group: 'deployment', condition: 'running' }]);
  });

  describe('over a stream that has lost something', () => {
    it('tells a group that comes late everything, though the stream has nothing any more', async () => {
      const first = await begin(new Consumer());
      await first.settled(await happen(world.store, STREAMS));
      await stop(first);
      await meddle((manager, stream) => manager.streams.purge(stream));
      const late = new Consumer();
      const { bus } = world.newBus();
      buses.push(bus);
      bus.publish(thingPublication);
      bus.consume(late.group('late'));
      await bus.start();
      await bus.settled(await world.store.head());
      expectEachInOrder(late.handled, STREAMS);
    });

    it('tells what is missing in the middle, to whoever had not had it', async () => {
      const consumer = new Consumer();
      const gate = new Gate();
      consumer.behaviour = () => gate.opened;
      // So few fit in that most of them are still in the stream when it loses them.
      const bus = await begin(consumer, { limits: { subjects: 1, events: 1, eventsPerSubject: 1 } });
      const streams = Array.from({ length: 600 }, () => 'thing-1');
      const position = await happen(world.store, streams);
      await consumer.until(() => consumer.began.length === 1);
      await meddle(async (manager, stream) => {
        await until(async () => (await manager.streams.info(stream)).state.last_seq === streams.length);
        for (let sequence = 300; sequence < 400; sequence++) await manager.streams.deleteMessage(stream, sequence);
      });
      gate.open();
      await bus.settled(position);
      expectEachInOrder(consumer.handled, streams);
    });

    it('goes on over a stream that was deleted while nothing happened', async () => {
      const consumer = new Consumer();
      const bus = await begin(consumer);
      await bus.settled(await happen(world.store, STREAMS));
      await meddle((manager, stream) => manager.streams.delete(stream));
      await bus.settled(await happen(world.store, STREAMS));
      expectEachInOrder(consumer.handled, [...STREAMS, ...STREAMS]);
    });

    it('tells from the first event on, where nobody knows any more what was told; whoever has had it drops it', async () => {
      const consumer = new Consumer();
      const bus = await begin(consumer);
      await bus.settled(await happen(world.store, STREAMS));
      await stop(bus);
      await world.reads.putValues({ 'bus/jetstream/relays/things': null });
      const again = await begin(consumer);
      await again.settled(await happen(world.store, STREAMS));
      expectEachInOrder(consumer.handled, [...STREAMS, ...STREAMS]);
    });

    it('adjusts a stream that was made with other limits', async () => {
      const first = await begin(new Consumer(), { maxAgeMs: 60_000_000 });
      await first.settled(await happen(world.store, ['thing-1']));
      await stop(first);
      const consumer = new Consumer();
      const second = await begin(consumer, { maxAgeMs: 30_000_000, maxBytes: 1 << 24 });
      await second.settled(await happen(world.store, ['thing-1']));
      await meddle(async (manager, stream) => {
        expect((await manager.streams.info(stream)).config).toMatchObject({ max_age: 30_000_000_000_000, max_bytes: 1 << 24 });
      });
      expect(consumer.handled).toEqual(['thing-1@1']);
    });
  });

  describe('with an event that its service cannot read', () => {
    it('lets it fail and park in the groups, with the real reason, and everything else go on', async () => {
      const consumer = new Consumer();
      const bus = await begin(consumer, { codec: new FailingCodec() });
      const position = await happen(world.store, ['thing-sealed', 'thing-1', 'thing-sealed', 'thing-1']);
      await bus.settled(position);
      const id = parkedMessageIdOf('deployment', 'thing-sealed');
      await until(async () => (await world.parked.get(id))?.status === 'parked');
      expect(await world.parked.get(id)).toMatchObject({
        message: { type: 'things.unreadable.v0', revision: 0 },
        reason: { code: 'seal-broken', message: 'the seal is broken' },
      });
      expect(await bus.waitingBehind('deployment', 'thing-sealed', 0, 10)).toBe(1);
      expectEachInOrder(consumer.handled, ['thing-1', 'thing-1']);
    });
  });

  describe('of several replicas', () => {
    it('works where it is active, and hands over without a gap or a repetition', async () => {
      const turns = [new Turn(), new Turn()];
      turns[0]!.set(true);
      const consumers = [new Consumer(), new Consumer()];
      const [first, second] = await Promise.all(consumers.map((consumer, i) => begin(consumer, { activity: turns[i]! })));
      await first!.settled(await happen(world.store, STREAMS));
      await expect(second!.settled(await world.store.head())).rejects.toThrow('another process');
      expect(await second!.stats()).toEqual([]);
      expect(await second!.waitingBehind('deployment', 'thing-1', 0, 100)).toBe(2);
      // A lease that is given back at a stop: what was acknowledged is durable then.
      await stop(first!);
      turns[0]!.set(false);
      const position = await happen(world.store, STREAMS);
      turns[1]!.set(true);
      await until(async () => (await second!.stats()).length > 0);
      await second!.settled(position);
      expectEachInOrder(consumers[0]!.handled, STREAMS);
      expectEachInOrder([...consumers[0]!.handled, ...consumers[1]!.handled], [...STREAMS, ...STREAMS]);
    });

    it('does no harm when it has stood still, was taken over, and does not know it yet', async () => {
      const turns = [new Turn(), new Turn()];
      turns[0]!.set(true);
      const [frozen, next] = [new Consumer(), new Consumer()];
      const first = await begin(frozen, { activity: turns[0]! });
      await first.settled(await happen(world.store, STREAMS));
      turns[0]!.set(false, { silently: true });
      turns[1]!.set(true);
      const second = await begin(next, { activity: turns[1]! });
      await second.settled(await happen(world.store, STREAMS));
      const handledBefore = frozen.handled.length;
      turns[0]!.set(false);
      await second.settled(await happen(world.store, STREAMS));
      expect(frozen.handled).toHaveLength(handledBefore);
      // What it had handled in its last moment and not written down any more is handled twice.
      const handled = (): string[] => [...new Set([...frozen.handled, ...next.handled])];
      expectEachInOrder(handled(), [...STREAMS, ...STREAMS, ...STREAMS]);
      // And again, when it is its turn once more: from what the other one has left behind.
      await stop(second);
      turns[1]!.set(false);
      turns[0]!.set(true);
      const position = await happen(world.store, STREAMS);
      await until(async () => (await first.stats()).length > 0);
      await first.settled(position);
      expectEachInOrder(handled().toSorted(byRevision), [...STREAMS, ...STREAMS, ...STREAMS, ...STREAMS]);
    });
  });

  it('refuses checkpoints of another event store', async () => {
    const place = { last: { 'things.00': 'zzzzzzzz-0000000000000001' }, arrived: {}, held: [] };
    await world.reads.putValues({ 'bus/jetstream/groups/deployment': place });
    await expect(begin(new Consumer())).rejects.toThrow('generation');
  });

  it('says nothing of a password when the address is wrong', async () => {
    const options = { eventStore: world.store, readStore: world.reads, parked: world.parked };
    const opened = openJetStreamBus({ ...options, servers: 'nats://user:hunter2@:::' });
    await expect(opened).rejects.toThrow('is no URL');
    await expect(opened).rejects.not.toThrow('hunter2');
  });
});

function byRevision(a: string, b: string): number {
  return Number(a.split('@')[1]) - Number(b.split('@')[1]);
}
