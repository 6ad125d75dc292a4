import { positionOf } from '@souk/event-sourcing';
import { RecentDocuments } from './recent-documents';

const known = (n: number) => ({ position: positionOf('lmdbtest', n), doc: { n }, entries: [] });

describe('RecentDocuments', () => {
  it('know a document as it was written last', () => {
    const recent = new RecentDocuments();
    recent.set('a', known(1), 100);
    recent.set('a', known(2), 100);
    expect(recent.get('a')).toEqual(known(2));
    recent.forget('a');
    expect(recent.get('a')).toBeUndefined();
  });

  it('are some megabytes at most, and nothing older comes up again where something newer was forgotten', () => {
    const recent = new RecentDocuments();
    const size = 100_000;
    recent.set('a', known(1), size);
    for (let n = 0; n < 9; n++) recent.set(`b${n}`, known(n), size);
    recent.set('a', known(2), size);
    expect(recent.get('a')).toEqual(known(2));
    recent.forget('a');
    expect(recent.get('a')).toBeUndefined();
    for (let n = 0; n < 20; n++) recent.set(`c${n}`, known(n), size);
    expect(recent.get('b0')).toBeUndefined();
    expect(recent.get('c19')).toEqual(known(19));
  });
});
