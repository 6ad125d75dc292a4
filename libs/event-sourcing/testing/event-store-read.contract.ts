import {
  comparePositions,
  type EventFilter,
  type Position,
  PositionGone,
  positionOf,
  type RecordedEvent,
} from '@souk/event-sourcing';
import fc from 'fast-check';
import type { ContractContext } from './contract-context';
import { collect, everything, idsOf, revisionsOf, sampleEvents } from './sample-events';

export function readContract({ store, reopen }: ContractContext): void {
  describe('reading a stream', () => {
    beforeEach(async () => {
      await store().append('app-1', 'no-stream', sampleEvents(3));
      await store().append('app-11', 'no-stream', sampleEvents(2));
      await store().append('app-1', 2, sampleEvents(2));
    });
    const read = async (options?: Parameters<ReturnType<typeof store>['readStream']>[1]): Promise<number[]> =>
      revisionsOf(await collect(store().readStream('app-1', options)));

    it('answers its events alone, from the first', async () => {
      expect(await read()).toEqual([0, 1, 2, 3, 4]);
      expect(await collect(store().readStream('app-'))).toEqual([]);
      expect(await collect(store().readStream('app-2', { direction: 'backwards' }))).toEqual([]);
    });
    it('begins at a revision and ends after so many', async () => {
      expect(await read({ from: 3 })).toEqual([3, 4]);
      expect(await read({ from: 1, maxCount: 2 })).toEqual([1, 2]);
      expect(await read({ from: 5 })).toEqual([]);
      expect(await read({ maxCount: 0 })).toEqual([]);
    });
    it('goes backwards from the end, or from a revision', async () => {
      expect(await read({ direction: 'backwards' })).toEqual([4, 3, 2, 1, 0]);
      expect(await read({ direction: 'backwards', from: 1 })).toEqual([1, 0]);
      expect(await read({ direction: 'backwards', from: 99, maxCount: 2 })).toEqual([4, 3]);
    });
    it('answers long streams whole, in both directions and after a restart', async () => {
      for (let i = 0; i < 30; i++) await store().append('app-long', 'any', sampleEvents(50));
      const all = Array.from({ length: 1500 }, (_, i) => i);
      expect(revisionsOf(await collect(store().readStream('app-long')))).toEqual(all);
      const reopened = await reopen();
      expect(revisionsOf(await collect(reopened.readStream('app-long', { from: 100 })))).toEqual(all.slice(100));
      expect(revisionsOf(await collect(reopened.readStream('app-long', { direction: 'backwards' })))).toEqual(all.toReversed());
    });
  });

  describe('reading everything', () => {
    let all: RecordedEvent[];
    beforeEach(async () => {
      for (let i = 0; i < 10; i++)
        await store().append(
          ['app-1', 'version-1', 'version-2'][i % 3]!,
          'any',
          sampleEvents(3, { type: i % 2 ? 'Odd' : 'Even' }),
        );
      all = await everything(store());
    });

    it('answers all events in the order of their positions, in both directions', async () => {
      expect(all).toHaveLength(30);
      expect(all.toSorted((a, b) => comparePositions(a.position, b.position))).toEqual(all);
      expect(new Set(all.map(({ position }) => position)).size).toBe(30);
      expect(idsOf(await collect(store().readAll({ direction: 'backwards' })))).toEqual(idsOf(all).reverse());
      expect(await store().head()).toBe(all.at(-1)!.position);
    });

    it('answers the same after a restart', async () => {
      expect(await everything(await reopen())).toEqual(all);
    });

    it('answers any part of it', async () => {
      const filter = fc.constantFrom<EventFilter | undefined>(
        undefined,
        { streamPrefixes: ['version-'] },
        { streamPrefixes: ['app-', 'version-2'] },
        { streamPrefixes: ['none-'] },
        { types: ['Odd'] },
        { types: ['Odd', 'Even'] },
      );
      const part = fc.record({
        direction: fc.constantFrom('forwards' as const, 'backwards' as const),
        after: fc.option(fc.nat(29), { nil: undefined }),
        maxCount: fc.option(fc.nat(20), { nil: undefined }),
        filter,
      });
      await fc.assert(
        fc.asyncProperty(part, async ({ direction, after, maxCount, filter }) => {
          const forwards = direction === 'forwards';
          const passing = (forwards ? all : all.toReversed()).filter(
            (event) => (after === undefined || beyond(event, all[after]!, forwards)) && passes(event, filter),
          );
          const read = store().readAll({
            direction,
            ...(after !== undefined && { after: all[after]!.position }),
            ...(maxCount !== undefined && { maxCount }),
            ...(filter && { filter }),
          });
          expect(idsOf(await collect(read))).toEqual(idsOf(passing.slice(0, maxCount)));
        }),
        { numRuns: 60 },
      );
    });

    it('may be left early', async () => {
      for await (const { id } of store().readAll()) {
        expect(id).toBe(all[0]!.id);
        break;
      }
      await store().append('app-1', 'any', sampleEvents(1));
      expect(await everything(store())).toHaveLength(31);
    });
  });

  describe('positions', () => {
    it('has a head before all events in an empty store', async () => {
      const head = await store().head();
      await store().append('app-1', 'no-stream', sampleEvents(1));
      expect(idsOf(await collect(store().readAll({ after: head })))).toHaveLength(1);
    });

    it('parses its own, and refuses text and positions of another generation', async () => {
      const { position } = await store().append('app-1', 'no-stream', sampleEvents(1));
      expect(store().parsePosition(position)).toBe(position);
      for (const text of ['', 'nonsense', position.slice(1), `${position}0`, positionOf('00000000', 1)])
        expect(() => store().parsePosition(text)).toThrow(PositionGone);
    });

    it('are refused as the start of reading when they are of another generation', async () => {
      await store().append('app-1', 'no-stream', sampleEvents(1));
      const after: Position = positionOf('00000000', 1);
      await expect(collect(store().readAll({ after }))).rejects.toThrow(PositionGone);
      await expect(collect(store().readAll({ after, direction: 'backwards' }))).rejects.toThrow(PositionGone);
    });

    it('stay valid over a restart', async () => {
      const { position } = await store().append('app-1', 'no-stream', sampleEvents(2));
      const reopened = await reopen();
      await reopened.append('app-1', 1, sampleEvents(1));
      expect(revisionsOf(await collect(reopened.readAll({ after: reopened.parsePosition(position) })))).toEqual([2]);
    });
  });
}

function beyond(event: RecordedEvent, mark: RecordedEvent, forwards: boolean): boolean {
  const order = comparePositions(event.position, mark.position);
  return forwards ? order > 0 : order < 0;
}

/** What a filter means, said as plainly as can be. */
export function passes(event: RecordedEvent, filter: EventFilter | undefined): boolean {
  if (!filter) return true;
  if ('types' in filter) return filter.types.includes(event.type);
  return filter.streamPrefixes.some((prefix) => event.stream.startsWith(prefix));
}
