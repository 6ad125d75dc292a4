import { StoreFull } from '@souk/event-sourcing';
import { isTransient } from './transient';

const withCode = (code: string, options?: ErrorOptions): Error => Object.assign(new Error(code, options), { code });

describe('A transient error', () => {
  it.each([
    ['says so', Object.assign(new Error('busy'), { retryable: true })],
    ['is of a full disk', new StoreFull()],
    ['is of a refused connection', withCode('ECONNREFUSED')],
    ['is caused by one', new TypeError('fetch failed', { cause: withCode('ECONNREFUSED') })],
  ])('%s', (_, error) => expect(isTransient(error)).toBe(true));

  it.each([
    ['has no code', new Error('broken')],
    ['has a code of its own', withCode('broken')],
    ['says that it is none', Object.assign(withCode('ECONNREFUSED'), { retryable: false })],
    ['is no error', 'ECONNREFUSED'],
    ['is nothing', undefined],
  ])('is not one that %s', (_, error) => expect(isTransient(error)).toBe(false));

  it('is found out about where causes go round in a circle', () => {
    const error = new Error('round');
    error.cause = error;
    expect(isTransient(error)).toBe(false);
  });
});
