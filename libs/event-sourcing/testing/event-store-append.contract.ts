import {
  type AppendResult,
  type EventStore,
  EventTooLarge,
  type ExpectedRevision,
  MAX_EVENT_BYTES,
  WrongExpectedRevision,
} from '@souk/event-sourcing';
import fc from 'fast-check';
import type { ContractContext } from './contract-context';
import { collect, everything, idsOf, revisionsOf, sampleEvent, sampleEvents } from './sample-events';

export function appendContract({ store, reopen }: ContractContext): void {
  describe('appending', () => {
    const append = (expected: ExpectedRevision, count = 1, stream = 'app-1'): Promise<AppendResult> =>
      store().append(stream, expected, sampleEvents(count));

    it('answers the revision and the position of the last event', async () => {
      const result = await append('no-stream', 3);
      const events = await collect(store().readStream('app-1'));
      expect(result).toEqual({ revision: 2, position: events[2]!.position, repeated: false });
      expect(await store().head()).toBe(result.position);
    });

    it('keeps events as they were given, also over a restart', async () => {
      const events = [
        sampleEvent({ data: { text: 'ä€😀 "quoted"\n', nested: { list: [1, -0.5, null, true, []] }, __proto: 1 } }),
        sampleEvent({ type: 'Größe', data: {} }),
      ];
      const before = Date.now();
      const { position } = await store().append('app-ünïcode', 'no-stream', events);
      const reopened = await reopen();
      const recorded = await collect(reopened.readStream('app-ünïcode'));
      expect(recorded).toEqual(
        events.map(({ id, type, data, metadata }, revision) => ({
          id,
          type,
          data,
          metadata,
          revision,
          stream: 'app-ünïcode',
          position: revision === 1 ? position : expect.any(String),
          recordedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        })),
      );
      expect(Date.parse(recorded[0]!.recordedAt)).toBeGreaterThanOrEqual(before - 1000);
      expect(await reopened.head()).toBe(position);
    });

    describe('to no stream', () => {
      it.each(['no-stream', 'any'] as const)('begins it when %s is expected', async (expected) => {
        expect((await append(expected)).revision).toBe(0);
      });
      it.each(['stream-exists', 0, 7] as const)('is refused when %s is expected', async (expected) => {
        await expect(append(expected)).rejects.toMatchObject({ stream: 'app-1', expected, actual: -1 });
        await expect(append(expected)).rejects.toThrow(WrongExpectedRevision);
        expect(await everything(store())).toEqual([]);
      });
    });

    describe('to a stream at revision 1', () => {
      beforeEach(() => append('no-stream', 2));
      it.each(['any', 'stream-exists', 1] as const)('goes on when %s is expected', async (expected) => {
        expect((await append(expected)).revision).toBe(2);
      });
      it.each(['no-stream', 0, 2] as const)('is refused when %s is expected', async (expected) => {
        await expect(append(expected)).rejects.toMatchObject({ code: 'wrong-expected-revision', expected, actual: 1 });
        expect(revisionsOf(await collect(store().readStream('app-1')))).toEqual([0, 1]);
      });
    });

    describe('nothing', () => {
      it('answers where the stream stands, and checks the expectation', async () => {
        const { position } = await append('no-stream', 2);
        await append('no-stream', 1, 'app-2');
        expect(await append(1, 0)).toMatchObject({ revision: 1, position });
        expect(await append('any', 0)).toMatchObject({ revision: 1, position });
        await expect(append(0, 0)).rejects.toThrow(WrongExpectedRevision);
        await expect(append('stream-exists', 0, 'app-3')).rejects.toThrow(WrongExpectedRevision);
        expect(await append('no-stream', 0, 'app-3')).toMatchObject({ revision: -1 });
        expect(await everything(store())).toHaveLength(3);
      });
    });

    repetitionContract({ store, reopen });

    describe('by 64 writers at once', () => {
      it('has one winner at each revision; the others learn where the stream is', async () => {
        const winners: number[] = [];
        const write = async (): Promise<void> => {
          for (let revision = -1; revision < 9;) {
            try {
              const result = await append(revision < 0 ? 'no-stream' : revision);
              winners.push(result.revision);
              revision = result.revision;
            } catch (error) {
              if (!(error instanceof WrongExpectedRevision)) throw error;
              expect(error.actual).toBeGreaterThan(revision);
              revision = error.actual;
            }
          }
        };
        await Promise.all(Array.from({ length: 64 }, write));
        winners.sort((a, b) => a - b);
        expect(winners).toEqual([...new Set(winners)]);
        expect(revisionsOf(await collect(store().readStream('app-1')))).toEqual(winners);
      });

      it('keeps the events of each append together, and loses none', async () => {
        const groups = Array.from({ length: 64 }, (_, n) => sampleEvents(3, { type: `Group${n}` }));
        await Promise.all(groups.map((events, n) => store().append(`app-${n % 5}`, 'any', events)));
        const all = await everything(store());
        expect(all).toHaveLength(192);
        for (const events of groups) {
          const at = all.findIndex(({ id }) => id === events[0]!.id);
          expect(idsOf(all.slice(at, at + 3))).toEqual(idsOf(events));
        }
      });
    });

    it('behaves like a list of lists, whatever is appended', async () => {
      const model = new Map<string, string[]>();
      const expectation = fc.constantFrom<ExpectedRevision>('any', 'no-stream', 'stream-exists', 0, 1, 2, 3);
      const step = fc.record({ stream: fc.constantFrom('p-1', 'p-2', 'q-1'), expected: expectation, count: fc.nat(3) });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
          for (const { stream, expected, count } of steps) {
            const ids = model.get(stream) ?? [];
            const head = ids.length - 1;
            const events = sampleEvents(count);
            const fits =
              expected === 'any' ||
              (expected === 'no-stream' ? head < 0 : expected === 'stream-exists' ? head >= 0 : head === expected);
            const attempt = store().append(stream, expected, events);
            if (fits) {
              expect((await attempt).revision).toBe(head + count);
              model.set(stream, [...ids, ...idsOf(events)]);
            } else await expect(attempt).rejects.toMatchObject({ actual: head });
            expect(idsOf(await collect(store().readStream(stream)))).toEqual(model.get(stream) ?? []);
          }
        }),
        { numRuns: 25 },
      );
      expect((await everything(store())).length).toBe([...model.values()].flat().length);
    });

    describe('an event that is large', () => {
      const withBytes = (bytes: number) => {
        const event = sampleEvent({ data: { text: '' } });
        return { ...event, data: { text: 'x'.repeat(bytes - Buffer.byteLength(JSON.stringify(event))) } };
      };
      it('takes one at the limit', async () => {
        await store().append('app-1', 'no-stream', [withBytes(MAX_EVENT_BYTES)]);
        expect((await everything(store()))[0]!.data).toHaveProperty('text');
      });
      it('refuses one beyond, and all that comes with it', async () => {
        const attempt = store().append('app-1', 'no-stream', [sampleEvent(), withBytes(MAX_EVENT_BYTES + 1)]);
        await expect(attempt).rejects.toThrow(EventTooLarge);
        await expect(attempt).rejects.toMatchObject({
          type: 'NodeBecameReady',
          bytes: MAX_EVENT_BYTES + 1,
          limit: MAX_EVENT_BYTES,
        });
        expect(await everything(store())).toEqual([]);
      });
    });
  });
}

function repetitionContract({ store, reopen }: ContractContext): void {
  describe('the same events again', () => {
    const original = sampleEvents(3);
    const nothingMore = async (from: EventStore, count: number): Promise<void> => {
      expect(await everything(from)).toHaveLength(count);
    };

    it.each(['no-stream', 1] as const)(
      'answers the original result at the same expectation (%s), also over a restart',
      async (expected) => {
        if (expected === 1) await store().append('app-1', 'no-stream', sampleEvents(2));
        const first = await store().append('app-1', expected, original);
        await store().append('app-1', first.revision, sampleEvents(20));
        expect(await store().append('app-1', expected, original)).toEqual({ ...first, repeated: true });
        expect(await (await reopen()).append('app-1', expected, original)).toEqual({ ...first, repeated: true });
        await nothingMore(store(), first.revision + 21);
      },
    );

    it('are one append, however many make it at the same time', async () => {
      const results = await Promise.all(Array.from({ length: 20 }, () => store().append('app-1', 'no-stream', original)));
      expect(new Set(results.map(({ revision, position }) => `${revision} ${position}`)).size).toBe(1);
      expect(results.filter(({ repeated }) => !repeated)).toHaveLength(1);
      await nothingMore(store(), 3);
    });

    it('are refused when only some of them are there, or others follow', async () => {
      await store().append('app-1', 'no-stream', original);
      const attempts = [[...original, sampleEvent()], [original[0]!, sampleEvent()], [...original].reverse()];
      for (const events of attempts)
        await expect(store().append('app-1', 'no-stream', events)).rejects.toThrow(WrongExpectedRevision);
      await nothingMore(store(), 3);
    });

    it.each(['any', 'stream-exists'] as const)('write nothing at once after the first time (%s)', async (expected) => {
      await store().append('app-1', 'no-stream', [sampleEvent()]);
      const first = await store().append('app-1', expected, original);
      expect(await store().append('app-1', expected, original)).toMatchObject({ revision: first.revision });
      await nothingMore(store(), 4);
    });

    it('are others in another stream', async () => {
      await store().append('app-1', 'no-stream', original);
      expect(await store().append('app-2', 'no-stream', original)).toMatchObject({ revision: 2, repeated: false });
      await nothingMore(store(), 6);
    });
  });
}
