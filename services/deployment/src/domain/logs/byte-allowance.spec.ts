import { allowed } from './byte-allowance';

const allowance = { burst: 100, perSecond: 10 };

describe('An allowance of bytes', () => {
  it('takes a burst at once, and then what grows again', () => {
    const first = allowed(undefined, 100, 0, allowance)!;
    expect(first).toEqual({ bytes: 0, at: 0 });
    expect(allowed(first, 1, 0, allowance)).toBeUndefined();
    expect(allowed(first, 10, 1_000, allowance)).toEqual({ bytes: 0, at: 1_000 });
    expect(allowed(first, 101, 3_600_000, allowance)).toBeUndefined();
    expect(allowed(first, 100, 3_600_000, allowance)).toEqual({ bytes: 0, at: 3_600_000 });
  });

  it('grows by nothing where the clock goes back', () => {
    expect(allowed({ bytes: 5, at: 10_000 }, 6, 0, allowance)).toBeUndefined();
  });
});
