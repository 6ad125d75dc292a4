import { randomUUID } from 'node:crypto';
import { CommandHandler, type CommandContext, DomainError, EventStore } from '@souk/event-sourcing';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import * as fc from 'fast-check';
import { type Life, lives, TestMarketplace } from '../testing';

/** A life as it was lived: which stream, and the state after each of its events, by the slow fold over the whole store. */
interface Recorded {
  readonly id: string;
  /** State and time after each revision; before the first event, the initial state. */
  readonly states: readonly { readonly state: unknown; readonly recordedAt: string }[];
}

function context(): CommandContext {
  const actor = { kind: 'system', id: 'spec' } as const;
  return { commandId: randomUUID(), correlationId: 'spec', causationId: 'spec', actor };
}

async function live({ aggregate }: Life, commands: CommandHandler, id: string, sequence: readonly unknown[]): Promise<void> {
  for (const command of sequence) {
    try {
      await commands.handle(aggregate, id, command, context());
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
    }
  }
}

async function recorded({ aggregate }: Life, store: EventStore, id: string): Promise<Recorded> {
  const states: { state: unknown; recordedAt: string }[] = [];
  let state = aggregate.initial;
  for await (const { stream, type, data, recordedAt } of store.readAll()) {
    if (stream !== `${aggregate.category}-${id}`) continue;
    state = aggregate.evolve(state, { type, data });
    states.push({ state, recordedAt });
  }
  return { id, states };
}

/** Times around all moments of a life: before, at, between and after. */
function moments(states: Recorded['states']): string[] {
  const near = states.flatMap(({ recordedAt }) => [-1, 0, 1].map((ms) => Date.parse(recordedAt) + ms));
  return [0, ...near, Date.parse('2999-01-01T00:00:00Z')].map((time) => new Date(time).toISOString());
}

describe('The state as of a point of its history', () => {
  describe.each(lives.map((life) => [life.aggregate.category, life] as const))('in the category "%s"', (_, life) => {
    let folder: ReturnType<typeof temporaryFolder>;
    let store: LmdbEventStore;

    beforeEach(async () => {
      folder = temporaryFolder();
      store = await LmdbEventStore.open({ directory: folder.path });
    });
    afterEach(async () => {
      await store.close();
      folder.remove();
    });

    it('is what its events up to there come to, by any revision and any time', async () => {
      const commands = new CommandHandler(store);
      let lived = 0;
      let longest = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.infiniteStream(fc.nat()),
          life.commands(`${life.aggregate.category}_spec`),
          async (points, sequence) => {
            const id = `${life.aggregate.category}_spec_${lived++}`;
            await live(life, commands, id, sequence);
            const { states } = await recorded(life, store, id);
            longest = Math.max(longest, states.length);
            expect(states.length).toBeGreaterThan(0);
            for (const point of points.take(6)) {
              const revision = point % (states.length + 2);
              const last = Math.min(revision, states.length - 1);
              expect(await commands.load(life.aggregate as never, id, { revision })).toEqual({
                state: states[last]!.state,
                revision: last,
              });
            }
            const times = moments(states);
            for (const point of points.take(6)) {
              const time = times[point % times.length]!;
              const then = states.findLastIndex(({ recordedAt }) => recordedAt <= time);
              expect(await commands.load(life.aggregate as never, id, { time })).toEqual({
                state: then < 0 ? life.aggregate.initial : states[then]!.state,
                revision: then,
              });
            }
            expect(await commands.load(life.aggregate as never, id)).toEqual({
              state: states.at(-1)!.state,
              revision: states.length - 1,
            });
          },
        ),
        { numRuns: 25 },
      );
      expect(longest).toBeGreaterThan(3);
    });
  });
});

describe('GET /v1/versions/:id/as-of', () => {
  let marketplace: TestMarketplace;

  beforeAll(async () => {
    marketplace = await TestMarketplace.start();
  });
  afterAll(() => marketplace.stop());

  it('answers what the events up to there come to, by any revision and any time', async () => {
    const { app } = marketplace.running;
    const commands = app.get(CommandHandler);
    const store = app.get(EventStore);
    const life = lives.find(({ aggregate }) => aggregate.category === 'version')!;
    let lived = 0;
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat()), life.commands('ver_spec'), async (points, sequence) => {
        const id = `ver_spec_${lived++}`;
        await live(life, commands, id, sequence);
        const { states } = await recorded(life, store, id);
        for (const point of points.take(4)) {
          const revision = point % (states.length + 2);
          const last = Math.min(revision, states.length - 1);
          const { status, body } = await marketplace.operator.get(`/v1/versions/${id}/as-of?revision=${revision}`);
          expect([status, body]).toEqual([200, { revision: last, state: states[last]!.state }]);
        }
        const times = moments(states);
        for (const point of points.take(4)) {
          const time = times[point % times.length]!;
          const then = states.findLastIndex(({ recordedAt }) => recordedAt <= time);
          const { status, body } = await marketplace.operator.get(`/v1/versions/${id}/as-of?time=${time}`);
          if (then < 0) expect([status, body.code]).toEqual([404, 'not-found']);
          else expect([status, body]).toEqual([200, { revision: then, state: states[then]!.state }]);
        }
      }),
      { numRuns: 15 },
    );
  });
});
