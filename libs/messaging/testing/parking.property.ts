import { randomUUID } from 'node:crypto';
import { CommandHandler, DomainError } from '@souk/event-sourcing';
import { parkedMessageAggregate, parkedMessageIdOf } from '@souk/messaging';
import fc from 'fast-check';
import type { EventBusWorld } from './bus-world';
import { Consumer, happen, thingPublication } from './things';

/** What an operator says about a stream, when so many messages were begun. */
interface Decision {
  readonly stream: number;
  readonly type: 'request-replay' | 'discard';
  readonly afterBegun: number;
}

/** One process: how many messages it handles before it hangs, what happens meanwhile, and how it ends. */
interface Run {
  readonly handles: number;
  readonly ends: 'stop' | 'kill';
  readonly meanwhile: readonly number[];
  readonly decisions: readonly Decision[];
}

const stream = fc.integer({ min: 0, max: 2 });
const run: fc.Arbitrary<Run> = fc.record({
  handles: fc.integer({ min: 0, max: 8 }),
  ends: fc.constantFrom('stop' as const, 'kill' as const),
  meanwhile: fc.array(stream, { maxLength: 4 }),
  decisions: fc.array(
    fc.record({
      stream,
      type: fc.constantFrom('request-replay' as const, 'discard' as const),
      afterBegun: fc.integer({ min: 0, max: 6 }),
    }),
    { maxLength: 4 },
  ),
});

const GROUP = 'deployment';
const streamOf = (n: number): string => `thing-${n}`;
const limits = fc.constantFrom({}, { subjects: 2, events: 4, eventsPerSubject: 1 });

/** The laws of parking, whatever happens to its process and whatever is decided, for every adapter. */
export function parkingProperty(name: string, makeWorld: () => Promise<EventBusWorld>, numRuns: number): void {
  describe(`${name}, parking, whatever happens to its process and whatever is decided`, () => {
    it('handles every message of a stream in order but those that were discarded, which never come back', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(stream, { minLength: 2, maxLength: 10 }),
          fc.uniqueArray(
            fc.tuple(stream, fc.integer({ min: 0, max: 4 })).map(([n, revision]) => `${streamOf(n)}@${revision}`),
            {
              minLength: 1,
              maxLength: 4,
            },
          ),
          fc.array(run, { maxLength: 5 }),
          limits,
          async (before, broken, runs, window) => {
            const world = await makeWorld();
            const commands = new CommandHandler(world.store);
            const discarded = new Set<string>();
            const reborn: string[] = [];
            const stateOf = async (subject: string) =>
              (await commands.load(parkedMessageAggregate, parkedMessageIdOf(GROUP, subject))).state;
            const decide = async (subject: string, type: Decision['type']): Promise<void> => {
              const id = parkedMessageIdOf(GROUP, subject);
              const actor = { kind: 'user', id: 'usr_1' } as const;
              try {
                const context = { commandId: randomUUID(), correlationId: 'c', causationId: 'r', actor };
                const { events } = await commands.handle(parkedMessageAggregate, id, { type }, context);
                for (const { event } of events)
                  if (event.type === 'MessageDiscarded') discarded.add(`${subject}@${event.data.revision}`);
              } catch (error) {
                if (!(error instanceof DomainError)) throw error;
              }
            };
            try {
              await happen(world.store, before.map(streamOf));
              const progress = new Map<string, Progress>();
              for (const { handles, ends, meanwhile, decisions } of runs) {
                const consumer = new Consumer();
                const process = world.newBus({ limits: window, concurrency: 3, maxAttempts: 2 });
                consumer.behaviour = (message) => {
                  if (discarded.has(message)) reborn.push(message);
                  if (broken.includes(message)) throw new Error('broken');
                  return consumer.handled.length < handles ? undefined : new Promise(() => undefined);
                };
                process.bus.publish(thingPublication);
                process.bus.consume(consumer.group(GROUP));
                await process.bus.start();
                const position = await happen(world.store, meanwhile.map(streamOf));
                const settled = process.bus.settled(position);
                // It is not, where the process ends while some of its handlers hang.
                settled.catch(() => undefined);
                for (const { stream: n, type, afterBegun } of decisions) {
                  await Promise.race([
                    settled,
                    consumer.until(() => consumer.began.length >= afterBegun || consumer.handled.length >= handles),
                  ]);
                  await decide(streamOf(n), type);
                }
                await Promise.race([settled, consumer.until(() => consumer.handled.length >= handles)]);
                await (ends === 'stop' ? process.bus.stop(0) : process.kill());
                check(consumer.handled, progress, discarded, ends);
              }
              // In the end everything is mended, and replayed.
              const consumer = new Consumer();
              consumer.behaviour = (message) => {
                if (discarded.has(message)) reborn.push(message);
              };
              const { bus } = world.newBus({ limits: window });
              bus.publish(thingPublication);
              bus.consume(consumer.group(GROUP));
              await bus.start();
              const streams = new Set([...before, ...runs.flatMap(({ meanwhile }) => meanwhile)].map(streamOf));
              for (const subject of streams) {
                await decide(subject, 'request-replay');
                while ((await stateOf(subject)).status === 'releasing') await new Promise(setImmediate);
              }
              await bus.settled(await world.store.head());
              await bus.stop();
              check(consumer.handled, progress, discarded, 'stop');
              expect(reborn).toEqual([]);
              for (const subject of streams) {
                let count = 0;
                for await (const event of world.store.readStream(subject)) count = event.revision + 1;
                const next = nextAfter(subject, (progress.get(subject)?.handled ?? 0) - 1, discarded);
                expect({ subject, handled: next }).toEqual({ subject, handled: count });
              }
            } finally {
              await world.close();
            }
          },
        ),
        { numRuns, timeout: 30_000, endOnFailure: true },
      );
    }, 120_000);
  });
}

/** How far one stream is: up to here it was handled at least once; up to there it can't come again. */
interface Progress {
  readonly handled: number;
  readonly certain: number;
}

/** The revision that is to be handled after this one. */
function nextAfter(subject: string, revision: number, discarded: ReadonlySet<string>): number {
  let next = revision + 1;
  while (discarded.has(`${subject}@${next}`)) next++;
  return next;
}

/** In each stream a run goes on without gap, and begins at most where the one before left off; a stop makes certain what its run handled. */
function check(
  handled: readonly string[],
  progress: Map<string, Progress>,
  discarded: ReadonlySet<string>,
  ends: Run['ends'],
): void {
  const last = new Map<string, number>();
  for (const message of handled) {
    const [subject, revision] = message.split('@') as [string, string];
    const previous = last.get(subject);
    const before = progress.get(subject) ?? { handled: 0, certain: 0 };
    if (previous !== undefined) expect(message).toBe(`${subject}@${nextAfter(subject, previous, discarded)}`);
    else {
      const inTime = Number(revision) <= nextAfter(subject, before.handled - 1, discarded);
      expect({ message, inTime, again: Number(revision) < before.certain }).toEqual({ message, inTime: true, again: false });
    }
    last.set(subject, Number(revision));
  }
  for (const [subject, revision] of last) {
    const before = progress.get(subject) ?? { handled: 0, certain: 0 };
    const certain = ends === 'stop' ? revision + 1 : before.certain;
    progress.set(subject, { handled: Math.max(before.handled, revision + 1), certain });
  }
}
