import type { EventBus } from '@souk/messaging';
import type { BusProcess, EventBusWorld } from './bus-world';
import { parkingContract } from './parking.contract';
import { Consumer, expectEachInOrder, Gate, happen, NotYet, thing, thingPublication } from './things';

/** The laws of {@link EventBus}, for every adapter. */
export function eventBusContract(name: string, makeWorld: () => Promise<EventBusWorld>): void {
  describe(`${name} as an EventBus`, () => {
    let world: EventBusWorld;
    let running: BusProcess | undefined;

    const begin = async (...consumers: [Consumer, string?, string[]?][]): Promise<EventBus> => {
      const process = world.newBus();
      process.bus.publish(thingPublication);
      for (const [consumer, group = 'deployment', types] of consumers) process.bus.consume(consumer.group(group, types));
      await process.bus.start();
      running = process;
      return process.bus;
    };
    const end = async (how: 'stop' | 'kill'): Promise<void> => {
      await (how === 'stop' ? running?.bus.stop(0) : running?.kill());
      running = undefined;
    };

    beforeEach(async () => {
      world = await makeWorld();
    });
    afterEach(async () => {
      await end('kill');
      await world.close();
    });

    describe('running', () => {
      it('tells a public event with the CloudEvents attributes of its origin', async () => {
        const consumer = new Consumer();
        await begin([consumer]);
        const event = thing({ n: 7 });
        const { position } = await world.store.append('thing-1', 'no-stream', [event]);
        await consumer.until(() => consumer.events.length === 1);
        expect(consumer.events[0]).toEqual({
          specversion: '1.0',
          id: event.id,
          source: '/souk/things',
          type: 'things.happened.v1',
          subject: 'thing-1',
          time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
          datacontenttype: 'application/json',
          data: { n: 7 },
          soukposition: position,
          soukrevision: 0,
          soukmetadata: event.metadata,
        });
      });

      it('keeps to the service what it does not publish', async () => {
        const consumer = new Consumer();
        const bus = await begin([consumer, 'deployment', ['things.happened.v1', 'things.praised.v1']]);
        const { position } = await world.store.append('thing-1', 'any', [
          thing({}, 'ThingPondered'),
          thing({ secret: true }, 'ThingPraised'),
          thing({}, 'ThingPraised'),
          thing({ secret: true }, 'ThingPraised'),
          thing({}, 'ThingPondered'),
        ]);
        await bus.settled(position);
        expect(consumer.handled).toEqual(['thing-1@2']);
      });

      it('gives every event to each group that has a handler for its type, and to all handlers of the group', async () => {
        const [deployment, audit, deaf, first, second] = [
          new Consumer(),
          new Consumer(),
          new Consumer(),
          new Consumer(),
          new Consumer(),
        ];
        const process = world.newBus();
        running = process;
        process.bus.publish(thingPublication);
        process.bus.consume(deployment.group('deployment'));
        process.bus.consume(audit.group('audit', ['things.happened.v1', 'things.praised.v1']));
        process.bus.consume(deaf.group('deaf', ['things.praised.v1', 'others.happened.v1']));
        process.bus.consume({ name: 'both', handlers: new Map([['things.happened.v1', [first.handler, second.handler]]]) });
        await process.bus.start();
        const position = await happen(world.store, ['thing-1', 'thing-2', 'thing-1']);
        await process.bus.settled(position);
        for (const { handled } of [deployment, audit, first, second])
          expect(handled.toSorted()).toEqual(['thing-1@0', 'thing-1@1', 'thing-2@0']);
        expect(deaf.handled).toEqual([]);
      });

      it('keeps the order within a subject, one message at a time', async () => {
        const consumer = new Consumer();
        let busy = new Set<string>();
        consumer.behaviour = async (message) => {
          const subject = message.split('@')[0]!;
          expect(busy).not.toContain(subject);
          busy = new Set([...busy, subject]);
          for (let i = 0; i < message.length % 4; i++) await new Promise(setImmediate);
          busy.delete(subject);
        };
        const bus = await begin([consumer]);
        const streams = Array.from({ length: 200 }, (_, i) => `thing-${(i * 7) % 5}`);
        await bus.settled(await happen(world.store, streams));
        expectEachInOrder(consumer.handled, streams);
      });

      it('lets other subjects overtake one that takes its time', async () => {
        const consumer = new Consumer();
        const gate = new Gate();
        consumer.behaviour = (message) => (message.startsWith('thing-slow@') ? gate.opened : undefined);
        const bus = await begin([consumer]);
        const position = await happen(world.store, ['thing-slow', 'thing-1', 'thing-slow', 'thing-2', 'thing-1']);
        await consumer.until(() => consumer.handled.length === 3);
        expect(consumer.handled.toSorted()).toEqual(['thing-1@0', 'thing-1@1', 'thing-2@0']);
        gate.open();
        await bus.settled(position);
        expect(consumer.handled.slice(3)).toEqual(['thing-slow@0', 'thing-slow@1']);
      });

      it('is not settled before the last handler has ended', async () => {
        const consumer = new Consumer();
        const gate = new Gate();
        consumer.behaviour = () => gate.opened;
        const bus = await begin([consumer]);
        const position = await happen(world.store, ['thing-1']);
        let settled = false;
        const settling = bus.settled(position).then(() => (settled = true));
        await consumer.until(() => consumer.began.length === 1);
        expect(settled).toBe(false);
        gate.open();
        await settling;
        expect(consumer.handled).toEqual(['thing-1@0']);
      });

      it('refuses publications and groups after the start; starts and stops once', async () => {
        const consumer = new Consumer();
        const bus = await begin([consumer]);
        await bus.start();
        expect(() => bus.publish({ service: 'late', on: {} })).toThrow();
        expect(() => bus.consume(consumer.group('late'))).toThrow();
        await bus.settled(await happen(world.store, ['thing-1']));
        expect(consumer.handled).toEqual(['thing-1@0']);
        await Promise.all([bus.stop(), bus.stop()]);
        await bus.stop();
      });
    });

    describe('with a message that fails for a transient reason', () => {
      it('tries it again and holds back its own subject only', async () => {
        const consumer = new Consumer();
        let broken = true;
        consumer.behaviour = (message) => {
          if (broken && message === 'thing-1@1') throw new NotYet();
        };
        const bus = await begin([consumer]);
        const position = await happen(world.store, ['thing-1', 'thing-1', 'thing-1', 'thing-2', 'thing-2']);
        await bus.settled(position);
        await consumer.until(() => consumer.began.filter((message) => message === 'thing-1@1').length >= 4);
        expect(consumer.handled.toSorted()).toEqual(['thing-1@0', 'thing-2@0', 'thing-2@1']);
        broken = false;
        await consumer.until(() => consumer.handled.length === 5);
        expect(consumer.handled.slice(3)).toEqual(['thing-1@1', 'thing-1@2']);
      });

      it('holds back no other group', async () => {
        const [broken, sound] = [new Consumer(), new Consumer()];
        broken.behaviour = () => Promise.reject(new NotYet());
        const bus = await begin([broken, 'broken'], [sound, 'sound']);
        await bus.settled(await happen(world.store, ['thing-1', 'thing-1', 'thing-2']));
        expect(sound.handled).toHaveLength(3);
        expect(broken.handled).toEqual([]);
      });

      it.each(['stop', 'kill'] as const)(
        'has not acknowledged it: after a %s it comes again, and what is behind it after it',
        async (how) => {
          const consumer = new Consumer();
          consumer.behaviour = (message) => {
            if (message.startsWith('thing-1@')) throw new NotYet();
          };
          const bus = await begin([consumer]);
          const position = await happen(world.store, ['thing-1', 'thing-2', 'thing-1']);
          await bus.settled(position);
          await end(how);
          const next = new Consumer();
          const bus2 = await begin([next]);
          await bus2.settled(position);
          expect(next.handled.filter((message) => message.startsWith('thing-1@'))).toEqual(['thing-1@0', 'thing-1@1']);
        },
      );

      it('drops after a stop what other subjects had acknowledged meanwhile', async () => {
        const consumer = new Consumer();
        consumer.behaviour = (message) => {
          if (message === 'thing-1@0') throw new NotYet();
        };
        const bus = await begin([consumer]);
        const others = Array.from({ length: 50 }, (_, i) => `thing-${2 + (i % 10)}`);
        const position = await happen(world.store, ['thing-1', ...others, 'thing-1']);
        await bus.settled(position);
        expect(consumer.handled).toHaveLength(50);
        await end('stop');
        const next = new Consumer();
        const bus2 = await begin([next]);
        await bus2.settled(position);
        expect(next.handled).toEqual(['thing-1@0', 'thing-1@1']);
      });
    });

    describe('away for a while', () => {
      it('begins, as a new group, with the first event ever', async () => {
        const streams = ['thing-1', 'thing-2', 'thing-1'];
        const position = await happen(world.store, streams);
        const consumer = new Consumer();
        await (await begin([consumer])).settled(position);
        expectEachInOrder(consumer.handled, streams);
      });

      it('catches up in order with what happened meanwhile, and repeats nothing', async () => {
        const before = new Consumer();
        const bus = await begin([before]);
        await bus.settled(await happen(world.store, ['thing-1', 'thing-2']));
        await end('stop');
        const streams = Array.from({ length: 400 }, (_, i) => `thing-${(i * 3) % 7}`);
        const position = await happen(world.store, streams);
        const after = new Consumer();
        await (await begin([after])).settled(position);
        expectEachInOrder([...before.handled, ...after.handled], ['thing-1', 'thing-2', ...streams]);
      });

      it('lets running handlers finish, and acknowledges them', async () => {
        const consumer = new Consumer();
        const gate = new Gate();
        consumer.behaviour = () => gate.opened;
        const bus = await begin([consumer]);
        const position = await happen(world.store, ['thing-1', 'thing-1']);
        await consumer.until(() => consumer.began.length === 1);
        const stopped = bus.stop(60_000);
        gate.open();
        await stopped;
        expect(consumer.handled).toEqual(['thing-1@0']);
        running = undefined;
        const next = new Consumer();
        await (await begin([next])).settled(position);
        expect(next.handled).toEqual(['thing-1@1']);
      });

      it('does not wait for them longer than the grace, and has not acknowledged them then', async () => {
        const consumer = new Consumer();
        const gate = new Gate();
        consumer.behaviour = () => gate.opened;
        const bus = await begin([consumer]);
        const position = await happen(world.store, ['thing-1']);
        await consumer.until(() => consumer.began.length === 1);
        await bus.stop(1);
        expect(consumer.handled).toEqual([]);
        gate.open();
        await consumer.until(() => consumer.handled.length === 1);
        running = undefined;
        const next = new Consumer();
        await (await begin([next])).settled(position);
        expect(next.handled).toEqual(['thing-1@0']);
      });
    });

    describe('restarted between any two messages', () => {
      const streams = ['thing-1', 'thing-2', 'thing-1', 'thing-3', 'thing-1', 'thing-2', 'thing-3', 'thing-4'];
      const cuts = Array.from({ length: streams.length + 1 }, (_, handled) => handled);

      it.each(cuts)('stopped after %i messages: nothing is missed, nothing is repeated', async (cut) => {
        const position = await happen(world.store, streams);
        const before = stopsTaking(cut);
        const bus = await begin([before]);
        await before.until(() => before.handled.length === cut);
        await bus.stop(0);
        running = undefined;
        const after = new Consumer();
        await (await begin([after])).settled(position);
        expectEachInOrder([...before.handled, ...after.handled], streams);
      });

      it.each(cuts)(
        'killed after %i messages: nothing is missed, and only messages of the last moments are repeated',
        async (cut) => {
          const position = await happen(world.store, streams);
          const before = stopsTaking(cut);
          await begin([before]);
          await before.until(() => before.handled.length === cut);
          await end('kill');
          const after = new Consumer();
          await (await begin([after])).settled(position);
          expectEachInOrder(after.handled, streams.slice(), { repeatsEndOf: before.handled });
        },
      );

      it('killed after every message: each subject goes on, in order', async () => {
        const position = await happen(world.store, streams);
        const handled: string[] = [];
        for (;;) {
          const consumer = stopsTaking(1);
          const bus = await begin([consumer]);
          const settled = bus.settled(position);
          // It never is, while a handler hangs: the end of the process rejects it.
          settled.catch(() => undefined);
          await Promise.race([settled, consumer.until(() => consumer.handled.length === 1)]);
          handled.push(...consumer.handled);
          if (new Set(handled).size === streams.length) break;
          // A kill right after the handler repeats it; a stop lets it count. Alternately, as it comes.
          await end(handled.length % 2 === 0 ? 'stop' : 'kill');
        }
        expectEachInOrder([...new Set(handled)], streams);
      });
    });
  });

  parkingContract(name, makeWorld);
}

/** Handles that many messages, and hangs on every further one. */
function stopsTaking(count: number): Consumer {
  const consumer = new Consumer();
  consumer.behaviour = () => (consumer.began.length > count ? new Promise<void>(() => undefined) : undefined);
  return consumer;
}
