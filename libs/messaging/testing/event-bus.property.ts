import fc from 'fast-check';
import type { EventBusWorld } from './bus-world';
import { parkingProperty } from './parking.property';
import { Consumer, happen, thingPublication } from './things';

/** One process: how many messages it lets through before it hangs, what fails how often, and how it ends. */
interface Run {
  readonly handles: number;
  readonly ends: 'stop' | 'kill';
  /** Streams that get another event while it runs. */
  readonly meanwhile: readonly number[];
  /** Message (by its number among those that began) that fails. */
  readonly failing: readonly number[];
}

const run: fc.Arbitrary<Run> = fc.record({
  handles: fc.integer({ min: 0, max: 8 }),
  ends: fc.constantFrom('stop' as const, 'kill' as const),
  meanwhile: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 6 }),
  failing: fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { maxLength: 4 }),
});

const limits = fc.constantFrom(
  {},
  { subjects: 2, events: 4, eventsPerSubject: 1 },
  { subjects: 4, events: 3, eventsPerSubject: 2 },
);

/** The laws of the bus, whatever happens to its process, for every adapter. */
export function eventBusProperty(name: string, makeWorld: () => Promise<EventBusWorld>, numRuns: number): void {
  describe(`${name}, whatever happens to its process`, () => {
    it('handles every message of a stream in order, repeats none after a stop, and after a kill only the last ones', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 12 }),
          fc.array(run, { maxLength: 5 }),
          limits,
          async (before, runs, window) => {
            const world = await makeWorld();
            try {
              await happen(world.store, before.map(streamOf));
              const progress = new Map<string, Progress>();
              for (const { handles, ends, meanwhile, failing } of [...runs, undefined].map((each) => each ?? lastRun)) {
                const consumer = new Consumer();
                const process = world.newBus({ limits: window, concurrency: 3 });
                consumer.behaviour = () => {
                  const number = consumer.began.length - 1;
                  if (failing.includes(number)) throw new Error('not yet');
                  return number - failing.filter((other) => other < number).length < handles
                    ? undefined
                    : new Promise(() => undefined);
                };
                process.bus.publish(thingPublication);
                process.bus.consume(consumer.group('deployment'));
                await process.bus.start();
                const position = await happen(world.store, meanwhile.map(streamOf));
                const settled = process.bus.settled(position);
                // It is not, where the process ends while some of its handlers hang.
                settled.catch(() => undefined);
                await Promise.race([settled, consumer.until(() => consumer.handled.length >= handles)]);
                await (ends === 'stop' ? process.bus.stop(0) : process.kill());
                check(consumer.handled, progress, ends);
              }
              for (const stream of new Set([...before, ...runs.flatMap(({ meanwhile }) => meanwhile)].map(streamOf))) {
                let count = 0;
                for await (const event of world.store.readStream(stream)) count = event.revision + 1;
                expect({ stream, handled: progress.get(stream)?.handled ?? 0 }).toEqual({ stream, handled: count });
              }
            } finally {
              await world.close();
            }
          },
        ),
        { numRuns, timeout: 15_000 },
      );
    }, 120_000);
  });

  parkingProperty(name, makeWorld, Math.ceil(numRuns / 1.5));
}

const lastRun = { handles: Infinity, ends: 'stop', meanwhile: [], failing: [] } as const satisfies Run;

const streamOf = (n: number): string => `thing-${n}`;

/** How far one stream is: up to here it was handled at least once; up to there it can't come again. */
interface Progress {
  readonly handled: number;
  readonly certain: number;
}

/** In each stream a run goes on without gap, and begins at most where the one before left off; a stop makes certain what its run handled. */
function check(handled: readonly string[], progress: Map<string, Progress>, ends: Run['ends']): void {
  const next = new Map<string, number>();
  for (const message of handled) {
    const [stream, revision] = message.split('@') as [string, string];
    const due = next.get(stream);
    const before = progress.get(stream) ?? { handled: 0, certain: 0 };
    if (due !== undefined) expect(message).toBe(`${stream}@${due}`);
    else
      expect({ message, inTime: Number(revision) <= before.handled, again: Number(revision) < before.certain }).toEqual({
        message,
        inTime: true,
        again: false,
      });
    next.set(stream, Number(revision) + 1);
  }
  for (const [stream, revision] of next) {
    const before = progress.get(stream) ?? { handled: 0, certain: 0 };
    progress.set(stream, { handled: Math.max(before.handled, revision), certain: ends === 'stop' ? revision : before.certain });
  }
}
