import { randomUUID } from 'node:crypto';
import {
  type AppendResult,
  CommandHandler,
  EventCodec,
  type EventToAppend,
  type ExpectedRevision,
  type RecordedEvent,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionHandler,
  StoreFull,
} from '@souk/event-sourcing';
import {
  Consumer,
  EmbeddedWorld,
  expectEachInOrder,
  Gate,
  happen,
  MortalEvents,
  NotYet,
  thing,
  thingPublication,
} from '@souk/messaging/testing';
import { type ReadModel, ReadModelBehind } from '@souk/read-store';
import type { BusTrouble, DeliveryFailure } from './bus-stats';
import { InProcessBus, type InProcessBusOptions } from './in-process-bus';
import { parkedMessageAggregate, parkedMessageIdOf } from './parking/parked-message.decide';
import type { ParkedMessageDoc } from './parking/parked-messages.projection';
import type { Timers } from './timers';

/** Timers that run when the test says so. */
class HandTimers implements Timers {
  readonly set = new Map<() => void, number>();

  after(ms: number, run: () => void): () => void {
    this.set.set(run, ms);
    return () => this.set.delete(run);
  }

  /** Runs those that were set for so many milliseconds. */
  elapse(ms: number): void {
    for (const [run, after] of [...this.set]) if (after === ms && this.set.delete(run)) run();
  }
}

/** Cannot read the events of one stream. */
class FailingCodec extends EventCodec {
  override encode(event: EventToAppend): EventToAppend {
    return event;
  }

  override async decode(event: RecordedEvent): Promise<RecordedEvent> {
    if (event.stream === 'thing-sealed') throw new Error('the seal is broken');
    return event;
  }
}

/** Its first few subscriptions to things end when they are shown something. */
class InterruptedEvents extends MortalEvents {
  failures = 3;

  override subscribe(options: SubscribeOptions, handler: SubscriptionHandler): Subscription {
    const isThings = options.filter && 'types' in options.filter && options.filter.types.includes('ThingHappened');
    return super.subscribe(options, {
      ...handler,
      onEvents: (events) => {
        if (isThings && this.failures-- > 0) throw new Error('the store is away');
        return handler.onEvents(events);
      },
    });
  }
}

/** Has room, or not. */
class FullEvents extends MortalEvents {
  full = true;

  override async append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    if (this.full) throw new StoreFull();
    return super.append(stream, expected, events);
  }
}

/** Answers appends late; counts the decisions that were shown. */
class SlowEvents extends MortalEvents {
  readonly answer = new Gate();
  shown = 0;

  override async append(stream: string, expected: ExpectedRevision, events: readonly EventToAppend[]): Promise<AppendResult> {
    const result = await super.append(stream, expected, events);
    await this.answer.opened;
    return result;
  }

  override subscribe(options: SubscribeOptions, handler: SubscriptionHandler): Subscription {
    return super.subscribe(options, {
      ...handler,
      onEvents: async (events) => {
        await handler.onEvents(events);
        this.shown += events.filter(({ type }) => type === 'MessageReplayRequested').length;
      },
    });
  }
}

describe('InProcessBus', () => {
  let world: EmbeddedWorld;
  const buses: InProcessBus[] = [];

  const begin = async (consumer: Consumer, options: InProcessBusOptions = {}) => {
    const process = world.newBus(options);
    process.bus.publish(thingPublication);
    process.bus.consume(consumer.group('deployment'));
    buses.push(process.bus);
    await process.bus.start();
    return process;
  };

  const idOf = (subject: string): string => parkedMessageIdOf('deployment', subject);
  const until = async (holds: () => Promise<boolean>): Promise<void> => {
    while (!(await holds())) await new Promise(setImmediate);
  };
  const untilParked = async (subject: string): Promise<ParkedMessageDoc> => {
    await until(async () => (await world.parked.get(idOf(subject)))?.status === 'parked');
    return (await world.parked.get(idOf(subject)))!;
  };
  const replay = (subject: string): Promise<void> => decide(subject, 'request-replay');
  const decide = async (subject: string, type: 'request-replay' | 'discard'): Promise<void> => {
    const [commandId, actor] = [randomUUID(), { kind: 'user', id: 'usr_1' } as const];
    const context = { commandId, correlationId: commandId, causationId: commandId, actor };
    await new CommandHandler(world.store).handle(parkedMessageAggregate, idOf(subject), { type }, context);
  };

  beforeEach(async () => {
    world = await EmbeddedWorld.open();
  });
  afterEach(async () => {
    await Promise.all(buses.splice(0).map((bus) => bus.stop(0)));
    await world.close();
  });

  describe('retrying', () => {
    it('waits longer each time, half of it by chance, up to a limit', async () => {
      const timers = new HandTimers();
      const failures: DeliveryFailure[] = [];
      const consumer = new Consumer();
      consumer.behaviour = () => Promise.reject(new NotYet());
      await begin(consumer, {
        timers,
        retry: { firstMs: 100, maxMs: 1_000, factor: 2 },
        random: () => 0.5,
        onFailure: (failure) => {
          failures.push(failure);
          void Promise.resolve().then(() => timers.elapse(failure.retryInMs!));
        },
      });
      await happen(world.store, ['thing-1']);
      await consumer.until(() => failures.length >= 6);
      expect(failures.slice(0, 6).map(({ retryInMs }) => retryInMs)).toEqual([75, 150, 300, 600, 750, 750]);
      expect(failures.slice(0, 6).map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6]);
    });

    it('reports what the handler threw, untouched, and shows it in its figures until it is handled', async () => {
      const failures: DeliveryFailure[] = [];
      const error = Object.assign(new TypeError('the shop is closed'), { retryable: true });
      const consumer = new Consumer();
      let broken = true;
      consumer.behaviour = () => (broken ? Promise.reject(error) : undefined);
      const { bus } = await begin(consumer, { onFailure: (failure) => failures.push(failure) });
      const position = await happen(world.store, ['thing-1', 'thing-1']);
      await bus.settled(position);
      expect(failures[0]).toMatchObject({
        group: 'deployment',
        attempt: 1,
        event: { subject: 'thing-1', revision: 0, type: 'ThingHappened' },
      });
      expect(failures[0]!.error).toBe(error);
      const [stats] = await bus.stats();
      expect(stats).toMatchObject({ group: 'deployment', position, heldSubjects: 1, heldEvents: 2, retryingSubjects: 1, lag: 2 });
      broken = false;
      await consumer.until(() => consumer.handled.length === 2);
      await bus.settled(position);
      expect((await bus.stats())[0]).toMatchObject({ position, heldSubjects: 0, heldEvents: 0, retryingSubjects: 0, lag: 0 });
    });

    it('takes a handler that hangs for a failed one', async () => {
      const failures: DeliveryFailure[] = [];
      const consumer = new Consumer();
      consumer.behaviour = () => (consumer.began.length === 1 ? new Promise(() => undefined) : undefined);
      const { bus } = await begin(consumer, { handlerTimeoutMs: 5, onFailure: (failure) => failures.push(failure) });
      await happen(world.store, ['thing-1', 'thing-1']);
      await consumer.until(() => consumer.handled.length === 2);
      expect(consumer.handled).toEqual(['thing-1@0', 'thing-1@1']);
      expect(failures.map(({ error }) => error)).toMatchObject([{ code: 'handler-timed-out', timeoutMs: 5 }]);
      await bus.stop();
    });

    it('does not run again what the other handlers of the group have done', async () => {
      const [first, second] = [new Consumer(), new Consumer()];
      second.behaviour = () => (second.began.length < 3 ? Promise.reject(new Error('not yet')) : undefined);
      const { bus } = world.newBus();
      buses.push(bus);
      bus.publish(thingPublication);
      bus.consume({ name: 'both', handlers: new Map([['things.happened.v1', [first.handler, second.handler]]]) });
      await bus.start();
      await happen(world.store, ['thing-1']);
      await second.until(() => second.handled.length === 1);
      expect(first.began).toHaveLength(1);
      expect(second.began).toHaveLength(3);
    });

    it('subscribes again, where it was, when the subscription ends', async () => {
      const trouble: BusTrouble[] = [];
      const consumer = new Consumer();
      const bus = new InProcessBus(new InterruptedEvents(world.store), world.reads, world.parked, {
        retry: { firstMs: 1, maxMs: 4 },
        onTrouble: (what) => trouble.push(what),
      });
      buses.push(bus);
      bus.publish(thingPublication);
      bus.consume(consumer.group('deployment'));
      await bus.start();
      const position = await happen(world.store, ['thing-1', 'thing-1', 'thing-2']);
      await consumer.until(() => consumer.handled.length === 3);
      await bus.settled(position);
      expect(consumer.handled.toSorted()).toEqual(['thing-1@0', 'thing-1@1', 'thing-2@0']);
      expect(trouble).toHaveLength(3);
      expect(trouble[0]).toMatchObject({ what: 'subscription', group: 'deployment', error: { message: 'the store is away' } });
    });

    it('is broken while it cannot subscribe, for those who watch it', async () => {
      const events = new InterruptedEvents(world.store);
      events.failures = Infinity;
      const bus = new InProcessBus(events, world.reads, world.parked, { retry: { firstMs: 1, maxMs: 1 } });
      buses.push(bus);
      bus.publish(thingPublication);
      bus.consume(new Consumer().group('deployment'));
      await bus.start();
      expect(await bus.stats()).toMatchObject([{ condition: 'running' }]);
      await happen(world.store, ['thing-1']);
      await until(async () => (await bus.stats())[0]!.condition === 'broken');
      events.failures = 0;
      await until(async () => (await bus.stats())[0]!.condition === 'running');
    });

    it('treats an event that cannot be read like a handler that fails', async () => {
      const consumer = new Consumer();
      const { bus } = await begin(consumer, { codec: new FailingCodec() });
      await bus.settled(await happen(world.store, ['thing-1', 'thing-sealed', 'thing-2']));
      expect(consumer.handled.toSorted()).toEqual(['thing-1@0', 'thing-2@0']);
      await until(async () => (await bus.stats())[0]!.parkedSubjects === 1);
      await untilParked('thing-sealed');
      expect((await world.parked.get(idOf('thing-sealed')))!.reason).toEqual({ name: 'Error', message: 'the seal is broken' });
    });

    it('treats a mapping that throws like a handler that does', async () => {
      const failures: DeliveryFailure[] = [];
      const consumer = new Consumer();
      const { bus } = world.newBus({ onFailure: (failure) => failures.push(failure) });
      buses.push(bus);
      bus.publish({
        service: 'things',
        on: {
          ThingHappened: ({ stream }: { stream: string }) => ({
            type: stream === 'thing-1' ? 'wrong.type' : 'things.happened.v1',
            data: {},
          }),
        },
      });
      bus.consume(consumer.group('deployment'));
      await bus.start();
      await bus.settled(await happen(world.store, ['thing-1', 'thing-2']));
      expect(consumer.handled).toEqual(['thing-2@0']);
      expect(failures[0]!.error).toMatchObject({ message: expect.stringContaining('wrong.type') as string });
    });
  });

  describe('parking', () => {
    it('does so after as many attempts as it was told', async () => {
      const failures: DeliveryFailure[] = [];
      const consumer = new Consumer();
      consumer.behaviour = () => Promise.reject(new Error('broken'));
      const { bus } = await begin(consumer, { maxAttempts: 2, onFailure: (failure) => failures.push(failure) });
      await happen(world.store, ['thing-1']);
      await untilParked('thing-1');
      expect(failures.map(({ attempt, retryInMs }) => [attempt, retryInMs === undefined])).toEqual([
        [1, false],
        [2, true],
      ]);
      expect((await bus.stats())[0]).toMatchObject({ lag: expect.any(Number), deliveries: { handled: 0, failed: 2, parked: 1 } });
    });

    it('parks a message whose handler hangs', async () => {
      const consumer = new Consumer();
      consumer.behaviour = () => new Promise(() => undefined);
      await begin(consumer, { handlerTimeoutMs: 1 });
      await happen(world.store, ['thing-1']);
      expect(await untilParked('thing-1')).toMatchObject({ reason: { name: 'HandlerTimedOut', code: 'handler-timed-out' } });
    });

    it('does not count the attempts that failed for a transient reason', async () => {
      const consumer = new Consumer();
      consumer.behaviour = () => {
        throw consumer.began.length % 2 === 0 ? new NotYet() : new Error('broken');
      };
      await begin(consumer);
      await happen(world.store, ['thing-1']);
      expect(await untilParked('thing-1')).toMatchObject({ attempts: 5 });
      expect(consumer.began).toHaveLength(9);
    });

    it('goes on trying where the fact cannot be recorded', async () => {
      const trouble: BusTrouble[] = [];
      const consumer = new Consumer();
      consumer.behaviour = () => Promise.reject(new Error('broken'));
      const events = new FullEvents(world.store);
      const bus = new InProcessBus(events, world.reads, world.parked, {
        retry: { firstMs: 1, maxMs: 1 },
        onTrouble: (what) => {
          trouble.push(what);
          events.full = trouble.length < 3;
        },
      });
      buses.push(bus);
      bus.publish(thingPublication);
      bus.consume(consumer.group('deployment'));
      await bus.start();
      await happen(world.store, ['thing-1']);
      await untilParked('thing-1');
      expect(trouble).toMatchObject(Array.from({ length: 3 }, () => ({ what: 'parking', group: 'deployment' })));
      expect(consumer.began).toHaveLength(8);
    });

    it('obeys a decision that is recorded before it hears that the message is parked', async () => {
      const consumer = new Consumer();
      consumer.behaviour = () => (consumer.began.length === 1 ? Promise.reject(new Error('broken')) : undefined);
      const events = new SlowEvents(world.store);
      const bus = new InProcessBus(events, world.reads, world.parked, { maxAttempts: 1 });
      buses.push(bus);
      bus.publish(thingPublication);
      bus.consume(consumer.group('deployment'));
      await bus.start();
      await happen(world.store, ['thing-1', 'thing-1']);
      await untilParked('thing-1');
      await replay('thing-1');
      await until(async () => events.shown > 0);
      events.answer.open();
      await consumer.until(() => consumer.handled.length === 2);
      expect(consumer.handled).toEqual(['thing-1@0', 'thing-1@1']);
    });

    it('does not call it over before a checkpoint is past it, lest a discarded message comes back', async () => {
      const failures: DeliveryFailure[] = [];
      const consumer = new Consumer();
      consumer.behaviour = () => Promise.reject(new Error('broken'));
      const process = await begin(consumer, { maxAttempts: 1, onFailure: (failure) => failures.push(failure) });
      process.values.dead = true;
      await happen(world.store, ['thing-1']);
      await untilParked('thing-1');
      await decide('thing-1', 'discard');
      const isReleased = async (): Promise<boolean> => (await world.parked.get(idOf('thing-1')))?.status === 'released';
      await until(async () => failures.length > 1 || (await isReleased()));
      await process.kill();
      const next = new Consumer();
      const { bus } = await begin(next);
      await until(isReleased);
      await bus.settled(await happen(world.store, ['thing-2']));
      expect(next.began).toEqual(['thing-2@0']);
    });

    it('keeps in the checkpoint nothing of what is parked, and holds up nothing by it', async () => {
      const consumer = new Consumer();
      consumer.behaviour = (message) => (message.startsWith('thing-bad') ? Promise.reject(new Error('broken')) : undefined);
      const limits = { subjects: 4, events: 8, eventsPerSubject: 2 };
      const { bus } = await begin(consumer, { limits, maxAttempts: 1 });
      const bad = Array.from({ length: 60 }, (_, i) => `thing-bad${i % 20}`);
      const position = await happen(world.store, [...bad, 'thing-1']);
      await bus.settled(position);
      await until(async () => (await bus.stats())[0]!.parkedSubjects === 20);
      await bus.stop();
      expect(consumer.handled).toEqual(['thing-1@0']);
      expect(await world.reads.getValue('bus/groups/deployment')).toEqual({ position: expect.any(String), held: [] });
    });

    it('replays many at once with few events in memory, and forgets none', async () => {
      const consumer = new Consumer();
      let broken = true;
      consumer.behaviour = () => (broken ? Promise.reject(new Error('broken')) : undefined);
      const limits = { subjects: 4, events: 8, eventsPerSubject: 2 };
      const first = await begin(consumer, { limits, maxAttempts: 1 });
      const streams = Array.from({ length: 150 }, (_, i) => `thing-${i % 30}`);
      await happen(world.store, streams);
      await until(async () => (await first.bus.stats())[0]!.parkedSubjects === 30);
      broken = false;
      for (let i = 0; i < 30; i++) await replay(`thing-${i}`);
      await consumer.until(() => consumer.handled.length >= 60);
      await first.bus.stop();
      const next = new Consumer();
      await begin(next, { limits });
      await next.until(() => consumer.handled.length + next.handled.length === 150);
      expectEachInOrder([...consumer.handled, ...next.handled], streams);
    });

    it('finds what is parked among the facts where the read model does not arrive', async () => {
      const consumer = new Consumer();
      consumer.behaviour = (message) => (message === 'thing-1@0' ? Promise.reject(new Error('broken')) : undefined);
      const { bus } = await begin(consumer);
      await happen(world.store, ['thing-1', 'thing-1', 'thing-2']);
      await untilParked('thing-1');
      await bus.stop();
      const next = new Consumer();
      const behind: ReadModel<ParkedMessageDoc> = {
        ...world.parked,
        waitFor: (position) => Promise.reject(new ReadModelBehind('parked-messages', position, undefined)),
      };
      const bus2 = new InProcessBus(world.store, world.reads, behind);
      buses.push(bus2);
      bus2.publish(thingPublication);
      bus2.consume(next.group('deployment'));
      await bus2.start();
      await bus2.settled(await happen(world.store, ['thing-1', 'thing-2']));
      expect(next.handled).toEqual(['thing-2@1']);
      await replay('thing-1');
      await next.until(() => next.handled.length === 4);
      expect(next.handled.slice(1)).toEqual(['thing-1@0', 'thing-1@1', 'thing-1@2']);
    });
  });

  describe('with a small window', () => {
    const limits = { subjects: 3, events: 6, eventsPerSubject: 2 };

    it('handles everything, in order, with few events in memory', async () => {
      const consumer = new Consumer();
      consumer.behaviour = () => new Promise(setImmediate);
      const streams = Array.from({ length: 300 }, (_, i) => `thing-${(i * i) % 11}`);
      const position = await happen(world.store, streams);
      const { bus } = await begin(consumer, { limits, concurrency: 2 });
      await bus.settled(position);
      for (const stream of new Set(streams)) {
        const count = streams.filter((other) => other === stream).length;
        expect(consumer.handled.filter((message) => message.startsWith(`${stream}@`))).toEqual(
          Array.from({ length: count }, (_, revision) => `${stream}@${revision}`),
        );
      }
    });

    it('takes no more subjects than it can remember', async () => {
      const consumer = new Consumer();
      const gate = new Gate();
      consumer.behaviour = () => gate.opened;
      const { bus } = await begin(consumer, { limits });
      const position = await happen(world.store, ['thing-1', 'thing-2', 'thing-3', 'thing-4', 'thing-5']);
      await consumer.until(() => consumer.began.length === 3);
      expect((await bus.stats())[0]).toMatchObject({ heldSubjects: 3, lag: 5 });
      gate.open();
      await bus.settled(position);
      expect(consumer.handled).toHaveLength(5);
    });

    it('lets any number of messages go past one that fails, and forgets none behind it', async () => {
      const consumer = new Consumer();
      let broken = true;
      consumer.behaviour = (message) => (broken && message.startsWith('thing-bad@') ? Promise.reject(new NotYet()) : undefined);
      const { bus } = await begin(consumer, { limits });
      const streams = Array.from({ length: 200 }, (_, i) => (i % 4 === 0 ? 'thing-bad' : `thing-${i}`));
      const position = await happen(world.store, streams);
      await bus.settled(position);
      expect(consumer.handled).toHaveLength(150);
      broken = false;
      await consumer.until(() => consumer.handled.length === 200);
      expect(consumer.handled.slice(150)).toEqual(Array.from({ length: 50 }, (_, revision) => `thing-bad@${revision}`));
    });
  });

  describe('keeping what is acknowledged', () => {
    it('writes far less often than it handles', async () => {
      const consumer = new Consumer();
      const position = await happen(
        world.store,
        Array.from({ length: 500 }, (_, i) => `thing-${i % 50}`),
      );
      const { bus, values } = await begin(consumer, { checkpointPauseMs: 20 });
      await bus.settled(position);
      await bus.stop();
      expect(consumer.handled).toHaveLength(500);
      expect(values.writes).toBeLessThan(100);
    });

    it('repeats after a kill nothing that was written', async () => {
      const consumer = new Consumer();
      const gate = new Gate();
      consumer.behaviour = (message) => (message === 'thing-1@0' ? gate.opened : undefined);
      const process = await begin(consumer);
      await happen(world.store, ['thing-1', 'thing-2', 'thing-3', 'thing-2']);
      await consumer.until(() => consumer.handled.length === 3);
      const position = await happen(world.store, ['thing-2']);
      const written = process.values.writes;
      await consumer.until(() => consumer.handled.length === 4);
      while (process.values.writes === written) await new Promise(setImmediate);
      await process.kill();
      const next = new Consumer();
      await (await begin(next)).bus.settled(position);
      expect(next.handled.filter((message) => message !== 'thing-2@2')).toEqual(['thing-1@0']);
    });

    it('goes on when the checkpoint cannot be written, and writes it later', async () => {
      const trouble: BusTrouble[] = [];
      const consumer = new Consumer();
      const process = await begin(consumer, { onTrouble: (what) => trouble.push(what) });
      process.values.dead = true;
      const position = await happen(world.store, ['thing-1', 'thing-2']);
      await process.bus.settled(position);
      expect(trouble[0]).toMatchObject({ what: 'checkpoint', error: { message: 'this process is dead' } });
      process.values.dead = false;
      await process.bus.stop();
      const next = new Consumer();
      await (await begin(next)).bus.settled(position);
      expect(next.handled).toEqual([]);
    });

    it('writes nothing any more for a handler that ends after the stop', async () => {
      const consumer = new Consumer();
      const gate = new Gate();
      consumer.behaviour = () => gate.opened;
      const { bus, values } = await begin(consumer);
      await happen(world.store, ['thing-1']);
      await consumer.until(() => consumer.began.length === 1);
      await bus.stop(1);
      const written = values.writes;
      gate.open();
      await consumer.until(() => consumer.handled.length === 1);
      for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
      expect(values.writes).toBe(written);
    });

    it('starts again on the same bus where it stopped', async () => {
      const consumer = new Consumer();
      const { bus } = await begin(consumer);
      await bus.settled(await happen(world.store, ['thing-1']));
      await bus.stop();
      await expect(bus.settled(await happen(world.store, ['thing-1']))).rejects.toThrow('not running');
      await bus.start();
      await bus.settled(await world.store.head());
      expect(consumer.handled).toEqual(['thing-1@0', 'thing-1@1']);
    });

    it('refuses to start on another event store than that of its checkpoints', async () => {
      const { bus } = await begin(new Consumer());
      await bus.settled(await happen(world.store, ['thing-1']));
      await bus.stop();
      const other = await EmbeddedWorld.open();
      try {
        await world.reads
          .getValue('bus/groups/deployment')
          .then((value) => other.reads.putValues({ 'bus/groups/deployment': value }));
        const process = other.newBus();
        process.bus.publish(thingPublication);
        process.bus.consume(new Consumer().group('deployment'));
        await expect(process.bus.start()).rejects.toMatchObject({ code: 'position-gone' });
      } finally {
        await other.close();
      }
    });
  });

  describe('being set up', () => {
    it('refuses two groups of one name, and names that are not lower-kebab-case', () => {
      const { bus } = world.newBus();
      bus.consume(new Consumer().group('deployment'));
      expect(() => bus.consume(new Consumer().group('deployment'))).toThrow('"deployment" already');
      expect(() => bus.consume(new Consumer().group('De ployment'))).toThrow('lower-kebab-case');
    });

    it('refuses two services that publish one private event', () => {
      const { bus } = world.newBus();
      bus.publish(thingPublication);
      expect(() => bus.publish({ ...thingPublication, service: 'others' })).toThrow('both "things" and "others"');
    });

    it('is settled at once where nobody listens to what is published', async () => {
      const { bus } = world.newBus();
      buses.push(bus);
      bus.publish(thingPublication);
      bus.consume(new Consumer().group('deaf', ['others.happened.v1']));
      await bus.start();
      const { position } = await world.store.append('thing-1', 'any', [thing()]);
      await bus.settled(position);
      expect(await bus.stats()).toMatchObject([{ group: 'deaf', heldSubjects: 0 }]);
    });
  });
});
