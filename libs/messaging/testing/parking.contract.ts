import { type CommandContext, CommandHandler } from '@souk/event-sourcing';
import { type EventBus, parkedMessageAggregate, type ParkedMessageDoc, parkedMessageIdOf } from '@souk/messaging';
import { randomUUID } from 'node:crypto';
import type { BusProcess, EventBusWorld } from './bus-world';
import { Consumer, happen, thingPublication } from './things';

/** A way to fail that has to do with the message. */
class Broken extends Error {
  readonly code = 'broken';
}

/** The laws of parking, for every adapter of the event bus. */
export function parkingContract(name: string, makeWorld: () => Promise<EventBusWorld>): void {
  describe(`${name}, parking`, () => {
    let world: EventBusWorld;
    let running: BusProcess | undefined;

    const begin = async (...consumers: [Consumer, string?][]): Promise<EventBus> => {
      const process = world.newBus();
      process.bus.publish(thingPublication);
      for (const [consumer, group = 'deployment'] of consumers) process.bus.consume(consumer.group(group));
      await process.bus.start();
      running = process;
      return process.bus;
    };
    const end = async (how: 'stop' | 'kill'): Promise<void> => {
      await (how === 'stop' ? running?.bus.stop(0) : running?.kill());
      running = undefined;
    };
    const idOf = (subject: string, group = 'deployment'): string => parkedMessageIdOf(group, subject);
    /** Waits until what is parked of the subject is as the condition says. */
    const until = async (
      subject: string,
      holds: (doc: ParkedMessageDoc) => boolean,
      group?: string,
    ): Promise<ParkedMessageDoc> => {
      for (;;) {
        const doc = await world.parked.get(idOf(subject, group));
        if (doc && holds(doc)) return doc;
        await new Promise<void>((resolve) => {
          const stop = world.parked.changes(() => {
            stop();
            resolve();
          });
          void world.parked.get(idOf(subject, group)).then((now) => {
            if (!now || !holds(now)) return;
            stop();
            resolve();
          });
        });
      }
    };
    const parked = (subject: string, revision: number): Promise<ParkedMessageDoc> =>
      until(subject, (doc) => doc.status === 'parked' && doc.message.revision === revision);
    const decide = (subject: string, type: 'request-replay' | 'discard'): Promise<unknown> => {
      const operator: CommandContext = {
        commandId: randomUUID(),
        correlationId: 'c',
        causationId: 'r',
        actor: { kind: 'user', id: 'usr_operator' },
        reason: 'looked into it',
      };
      return new CommandHandler(world.store).handle(parkedMessageAggregate, idOf(subject), { type }, operator);
    };
    /** Fails on these messages for as long as they are in the set. */
    const failing = (broken: Set<string>): Consumer => {
      const consumer = new Consumer();
      consumer.behaviour = (message) => {
        if (broken.has(message)) throw new Broken(`${message} is broken`);
      };
      return consumer;
    };

    beforeEach(async () => {
      world = await makeWorld();
    });
    afterEach(async () => {
      await end('kill');
      await world.close();
    });

    it('parks a message after five attempts, with its reason and without its data', async () => {
      const consumer = failing(new Set(['thing-1@1']));
      await begin([consumer]);
      await happen(world.store, ['thing-1', 'thing-1', 'thing-1']);
      const doc = await parked('thing-1', 1);
      expect(consumer.began.filter((message) => message === 'thing-1@1')).toHaveLength(5);
      expect(doc).toMatchObject({
        group: 'deployment',
        subject: 'thing-1',
        message: { type: 'things.happened.v1', revision: 1 },
        reason: { name: 'Broken', code: 'broken', message: 'thing-1@1 is broken' },
        attempts: 5,
        totalAttempts: 5,
      });
      expect(JSON.stringify(doc)).not.toContain('"n"');
    });

    it('lets other subjects and other groups go on, and is settled', async () => {
      const [consumer, sound] = [failing(new Set(['thing-1@0'])), new Consumer()];
      const bus = await begin([consumer], [sound, 'sound']);
      const position = await happen(world.store, ['thing-1', 'thing-2', 'thing-1', 'thing-2']);
      await parked('thing-1', 0);
      await bus.settled(position);
      expect(consumer.handled).toEqual(['thing-2@0', 'thing-2@1']);
      expect(sound.handled).toHaveLength(4);
      expect(await bus.stats()).toMatchObject([{ parkedSubjects: 1, heldSubjects: 0 }, { parkedSubjects: 0 }]);
      expect(await bus.waitingBehind('deployment', 'thing-1', 0, 100)).toBe(1);
    });

    it('lets later messages wait behind it, and replays it first, then those', async () => {
      const broken = new Set(['thing-1@1']);
      const consumer = failing(broken);
      const bus = await begin([consumer]);
      await happen(world.store, ['thing-1', 'thing-1', 'thing-1']);
      await parked('thing-1', 1);
      await bus.settled(await happen(world.store, ['thing-1', 'thing-2', 'thing-1']));
      expect(consumer.handled).toEqual(['thing-1@0', 'thing-2@0']);
      broken.clear();
      await decide('thing-1', 'request-replay');
      await until('thing-1', ({ status }) => status === 'released');
      expect(consumer.handled.slice(2)).toEqual(['thing-1@1', 'thing-1@2', 'thing-1@3', 'thing-1@4']);
      await bus.settled(await happen(world.store, ['thing-1']));
      expect(consumer.handled.at(-1)).toBe('thing-1@5');
    });

    it('keeps the order of those that come while it is replayed', async () => {
      const broken = new Set(['thing-1@0']);
      const consumer = failing(broken);
      const bus = await begin([consumer]);
      await happen(world.store, ['thing-1', 'thing-1']);
      await parked('thing-1', 0);
      broken.clear();
      let more: Promise<unknown> = Promise.resolve();
      const fail = consumer.behaviour;
      consumer.behaviour = async (message) => {
        if (message.startsWith('thing-1@')) {
          const revision = Number(message.slice('thing-1@'.length));
          if (revision < 20) more = happen(world.store, ['thing-1']);
          await more;
        }
        return fail(message);
      };
      await decide('thing-1', 'request-replay');
      await consumer.until(() => consumer.handled.length === 22);
      await bus.settled(await world.store.head());
      expect(consumer.handled).toEqual(Array.from({ length: 22 }, (_, revision) => `thing-1@${revision}`));
    });

    it('discards that one message alone', async () => {
      const consumer = failing(new Set(['thing-1@0']));
      await begin([consumer]);
      await happen(world.store, ['thing-1', 'thing-1', 'thing-1']);
      await parked('thing-1', 0);
      await decide('thing-1', 'discard');
      const doc = await until('thing-1', ({ status }) => status === 'released');
      expect(consumer.handled).toEqual(['thing-1@1', 'thing-1@2']);
      expect(doc.decision).toMatchObject({
        decision: 'discard',
        by: { kind: 'user', id: 'usr_operator' },
        reason: 'looked into it',
      });
    });

    it('parks again what fails again, with more attempts; and what is behind it with its own', async () => {
      const broken = new Set(['thing-1@0', 'thing-1@1']);
      const consumer = failing(broken);
      await begin([consumer]);
      await happen(world.store, ['thing-1', 'thing-1', 'thing-1']);
      await parked('thing-1', 0);
      await decide('thing-1', 'request-replay');
      expect(await until('thing-1', ({ totalAttempts }) => totalAttempts === 10)).toMatchObject({
        status: 'parked',
        attempts: 5,
      });
      broken.delete('thing-1@0');
      await decide('thing-1', 'request-replay');
      expect(await parked('thing-1', 1)).toMatchObject({ totalAttempts: 5, reason: { message: 'thing-1@1 is broken' } });
      expect(consumer.handled).toEqual(['thing-1@0']);
    });

    it.each(['stop', 'kill'] as const)('is still parked after a %s, and repeats nothing', async (how) => {
      const consumer = failing(new Set(['thing-1@1']));
      const bus = await begin([consumer]);
      await bus.settled(await happen(world.store, ['thing-1', 'thing-1', 'thing-2']));
      await parked('thing-1', 1);
      await end(how);
      const next = new Consumer();
      const bus2 = await begin([next]);
      await bus2.settled(await happen(world.store, ['thing-1', 'thing-2']));
      expect(next.handled.filter((message) => message.startsWith('thing-1@'))).toEqual([]);
      await decide('thing-1', 'request-replay');
      await until('thing-1', ({ status }) => status === 'released');
      expect(next.handled.filter((message) => message.startsWith('thing-1@'))).toEqual(['thing-1@1', 'thing-1@2']);
    });

    it('obeys at the next start what was decided while it was away', async () => {
      await begin([failing(new Set(['thing-1@0', 'thing-2@0']))]);
      await happen(world.store, ['thing-1', 'thing-2', 'thing-1', 'thing-2']);
      await parked('thing-1', 0);
      await parked('thing-2', 0);
      await end('kill');
      await decide('thing-1', 'discard');
      await decide('thing-2', 'request-replay');
      const next = new Consumer();
      const bus = await begin([next]);
      await until('thing-1', ({ status }) => status === 'released');
      await until('thing-2', ({ status }) => status === 'released');
      await bus.settled(await world.store.head());
      expect(next.handled.toSorted()).toEqual(['thing-1@1', 'thing-2@0', 'thing-2@1']);
    });

    it.each([0, 1, 2, 3, 4])('killed when %i of the replayed ones are handled: goes on in order', async (handled) => {
      await begin([failing(new Set(['thing-1@1']))]);
      await happen(world.store, ['thing-1', 'thing-1', 'thing-1', 'thing-1', 'thing-1']);
      await parked('thing-1', 1);
      await end('kill');
      await decide('thing-1', 'request-replay');
      const hanging = new Consumer();
      hanging.behaviour = () => (hanging.began.length > handled ? new Promise<void>(() => undefined) : undefined);
      await begin([hanging]);
      await hanging.until(() => hanging.handled.length === Math.min(handled, 4));
      await end('kill');
      const next = new Consumer();
      const bus = await begin([next]);
      await until('thing-1', ({ status }) => status === 'released');
      await bus.settled(await world.store.head());
      const all = [1, 2, 3, 4].map((revision) => `thing-1@${revision}`);
      // Nothing is missing, and what is repeated is repeated from somewhere on.
      expect(hanging.handled).toEqual(all.slice(0, handled));
      expect(next.handled).toEqual(all.slice(all.length - next.handled.length));
      expect(hanging.handled.length + next.handled.length).toBeGreaterThanOrEqual(4);
    });

    it('does not bring a discarded message back, whenever it is killed', async () => {
      await begin([failing(new Set(['thing-1@0']))]);
      await happen(world.store, ['thing-1']);
      await parked('thing-1', 0);
      await end('kill');
      await decide('thing-1', 'discard');
      for (let round = 0; round < 5; round++) {
        const consumer = new Consumer();
        const bus = await begin([consumer]);
        if (round === 4) await until('thing-1', ({ status }) => status === 'released');
        await bus.settled(await happen(world.store, ['thing-2']));
        expect(consumer.handled).not.toContain('thing-1@0');
        await end('kill');
      }
    });
  });
}
