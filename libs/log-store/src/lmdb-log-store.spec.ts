import { temporaryFolder } from '@souk/event-sourcing/testing';
import { type LmdbLogStoreOptions, LmdbLogStore } from './lmdb-log-store';
import type { KeptLine, LogLine, LogPage } from './log-store.port';

const AT = Date.parse('2026-03-01T12:00:00.000Z');
const line = (text: string, more: Partial<LogLine> = {}): LogLine => ({
  at: new Date(AT).toISOString(),
  node: 'web',
  text,
  ...more,
});
const textsOf = ({ lines }: LogPage) => lines.map(({ text }) => text);

describe('Logs of an instance', () => {
  const folder = temporaryFolder();
  let store: LmdbLogStore;
  let now = AT;
  const opened = async (bounds: LmdbLogStoreOptions['bounds'] = {}) => {
    store = await LmdbLogStore.open({ directory: `${folder.path}/${Math.random()}`, bounds, now: () => now });
  };

  beforeEach(() => {
    now = AT;
  });
  afterEach(() => store.close());

  it('are found, newest first, page by page', async () => {
    await opened();
    await store.append(
      'inst_1',
      ['a', 'b', 'c', 'd', 'e'].map((text) => line(text)),
    );
    await store.append('inst_2', [line('of another one')]);
    const first = await store.search('inst_1', { limit: 2 });
    expect(textsOf(first)).toEqual(['e', 'd']);
    const second = await store.search('inst_1', { limit: 2, before: first.next! });
    expect(textsOf(second)).toEqual(['c', 'b']);
    expect(await store.search('inst_1', { limit: 2, before: second.next! })).toEqual({ lines: [{ position: 1, ...line('a') }] });
  });

  it('are found by node, by a part of their text, and by time', async () => {
    await opened();
    const later = new Date(AT + 60_000).toISOString();
    await store.append('inst_1', [
      line('Started'),
      line('started again', { node: 'db' }),
      line('failed', { at: later, pod: 'web-1' }),
    ]);
    const search = async (criteria: object) => textsOf(await store.search('inst_1', { limit: 10, ...criteria }));
    expect(await search({ node: 'db' })).toEqual(['started again']);
    expect(await search({ contains: 'STARTED' })).toEqual(['started again', 'Started']);
    expect(await search({ until: new Date(AT).toISOString() })).toEqual(['started again', 'Started']);
    expect(await search({ since: later })).toEqual([]);
    now = AT + 60_000;
    await store.append('inst_1', [line('late', { at: later })]);
    expect(await search({ since: later })).toEqual(['late']);
  });

  it('are looked through bit by bit where there are many', async () => {
    await opened({ bytes: 64 * 1024 * 1024 });
    await store.append('inst_1', [line('the needle')]);
    await store.append(
      'inst_1',
      Array.from({ length: 21_000 }, () => line('hay')),
    );
    const first = await store.search('inst_1', { contains: 'needle', limit: 1 });
    expect(first).toEqual({ lines: [], next: expect.any(Number) as number });
    expect(textsOf(await store.search('inst_1', { contains: 'needle', limit: 1, before: first.next! }))).toEqual(['the needle']);
  });

  it('leave others their turn while long ones are looked through, or followed', async () => {
    await opened({ bytes: 64 * 1024 * 1024 });
    await store.append(
      'inst_1',
      Array.from({ length: 199 }, () => line('x'.repeat(16_384))),
    );
    let turns = 0;
    let counting = setImmediate(function count() {
      turns++;
      counting = setImmediate(count);
    });
    expect(await store.search('inst_1', { contains: 'needle', limit: 1 })).toEqual({ lines: [] });
    clearImmediate(counting);
    expect(turns).toBeGreaterThan(10);
    const stop = new AbortController();
    const sizes: number[] = [];
    for await (const { length } of store.follow('inst_1', { recent: 199 }, stop.signal, 60_000)) {
      sizes.push(length);
      if (sizes.reduce((sum, size) => sum + size) === 199) stop.abort();
    }
    expect(Math.max(...sizes)).toBe(16);
  });

  it('give way, the oldest first, where there is no room for all of them, and are counted', async () => {
    await opened({ bytes: 10_000 });
    await store.append('inst_2', [line('of another one')]);
    for (let i = 0; i < 100; i++) await store.append('inst_1', [line(`${i} ${'x'.repeat(400)}`)]);
    const { lines, bytes, dropped } = store.usage('inst_1');
    expect(lines + dropped).toBe(100);
    expect(bytes).toBeLessThanOrEqual(10_000);
    expect(bytes).toBeGreaterThan(9_000);
    const kept = await store.search('inst_1', { limit: 200 });
    expect(kept.lines.map(({ text }) => parseInt(text, 10))).toEqual(Array.from({ length: lines }, (_, i) => 99 - i));
    expect(textsOf(await store.search('inst_2', { limit: 9 }))).toEqual(['of another one']);
  });

  it('keep little each where all of them together are too many', async () => {
    await opened({ bytes: 100_000, totalBytes: 30_000, leastBytes: 5_000 });
    const much = Array.from({ length: 100 }, () => line('x'.repeat(100)));
    await store.append('inst_1', much);
    await store.append('inst_2', much);
    expect(store.usage('inst_1').bytes).toBeGreaterThan(20_000);
    expect(store.usage('inst_2').bytes).toBeLessThanOrEqual(5_000);
  });

  it('grow too old', async () => {
    await opened({ age: 1_000 });
    await store.append('inst_1', [line('old')]);
    now += 2_000;
    expect(textsOf(await store.search('inst_1', { limit: 9 }))).toEqual([]);
    await store.append('inst_1', [line('new')]);
    expect(store.usage('inst_1')).toMatchObject({ lines: 1, dropped: 1 });
  });

  it('are followed from any line on: nothing that is kept is missed, and nothing is told twice', async () => {
    await opened({ bytes: 64 * 1024 * 1024 });
    await store.append(
      'inst_1',
      Array.from({ length: 450 }, (_, i) => line(String(i + 1))),
    );
    const stop = new AbortController();
    const heard: KeptLine[] = [];
    const following = (async () => {
      for await (const lines of store.follow('inst_1', { after: 10 }, stop.signal, 60_000)) {
        heard.push(...lines);
        if (heard.length === 440) await store.append('inst_1', [line('451'), line('452')]);
        if (heard.length === 442) stop.abort();
      }
    })();
    await following;
    expect(heard.map(({ text }) => Number(text))).toEqual(Array.from({ length: 442 }, (_, i) => i + 11));
  });

  it('are followed live, after the newest ones', async () => {
    await opened();
    await store.append(
      'inst_1',
      ['a', 'b', 'c'].map((text) => line(text)),
    );
    const stop = new AbortController();
    const following = store.follow('inst_1', { recent: 2 }, stop.signal, 60_000);
    expect((await following.next()).value.map(({ text }: KeptLine) => text)).toEqual(['b', 'c']);
    const next = following.next();
    await store.append('inst_2', [line('of another one')]);
    await store.append('inst_1', [line('d')]);
    expect((await next).value.map(({ text }: KeptLine) => text)).toEqual(['d']);
    const last = following.next();
    stop.abort();
    expect(await last).toEqual({ done: true, value: undefined });
  });

  it('say that they are quiet', async () => {
    await opened();
    const stop = new AbortController();
    const following = store.follow('inst_1', { recent: 2 }, stop.signal, 1);
    expect((await following.next()).value).toEqual([]);
    stop.abort();
  });

  it('are forgotten, all of them', async () => {
    await opened();
    await store.append(
      'inst_1',
      Array.from({ length: 1_200 }, () => line('x')),
    );
    await store.append('inst_2', [line('of another one')]);
    await store.forget('inst_1');
    await store.forget('inst_1');
    expect(store.usage('inst_1')).toEqual({ lines: 0, bytes: 0, dropped: 0 });
    expect(textsOf(await store.search('inst_1', { limit: 9 }))).toEqual([]);
    expect(textsOf(await store.search('inst_2', { limit: 9 }))).toEqual(['of another one']);
  });

  it('are there after the store was opened again, and count for the whole', async () => {
    const directory = `${folder.path}/again`;
    store = await LmdbLogStore.open({ directory, now: () => now });
    await store.append('inst_1', [line('a')]);
    await store.close();
    store = await LmdbLogStore.open({ directory, now: () => now, bounds: { totalBytes: 1, leastBytes: 1 } });
    expect(textsOf(await store.search('inst_1', { limit: 9 }))).toEqual(['a']);
    await store.append('inst_1', [line('b')]);
    expect(store.usage('inst_1')).toMatchObject({ lines: 0, dropped: 2 });
  });
});
