import { windowErrors } from './window-simulation';

describe('The signature window', () => {
  it.each([1, 2, 3])('is exact, and no request is taken twice, while the clock is set ahead and back (seed %i)', (seed) => {
    expect(windowErrors(seed, 20_000)).toBe(0);
  });
});
