import { PagedSequence } from './paged-sequence';

const READERS = 24;

/** A sequence of these pages. */
const of = (...pages: readonly (readonly number[])[]): PagedSequence<number> =>
  new PagedSequence(() => {
    let n = 0;
    return { isAtEnd: () => n === pages.length, next: () => pages[n++]! };
  });

describe('A sequence of pages', () => {
  it('has the items of all of them, in order', async () => {
    const items: number[] = [];
    for await (const item of of([1, 2], [], [3])) items.push(item);
    expect(items).toEqual([1, 2, 3]);
  });

  it.each([
    ['short', [[1]]],
    ['empty', []],
  ])('that is %s takes no turn of the event loop, but many of them do, however many read side by side', async (_, pages) => {
    let ended = 0;
    let most = 0;
    let next = setImmediate(function turn() {
      most = Math.max(most, ended);
      ended = 0;
      next = setImmediate(turn);
    });
    const read = async () => {
      for (let n = 0; n < 50; n++) {
        for await (const item of of(...pages)) expect(item).toBe(1);
        ended++;
      }
    };
    await Promise.all(Array.from({ length: READERS }, read));
    clearImmediate(next);
    expect(most).toBeGreaterThan(1);
    // Those that have waited for the turn, and as many as may end in one.
    expect(most).toBeLessThanOrEqual(READERS + 16);
  });
});
