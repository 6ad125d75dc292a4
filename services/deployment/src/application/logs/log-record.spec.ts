import { logRecordOf } from './log-record';

const now = '2026-03-01T12:00:00.000Z';
const at = new Date(now);

describe('A record of a log collector', () => {
  it('is a line of a file in a pod of a node', () => {
    const record = {
      ...{ time: '2026-03-01T11:59:58.123456Z', log: 'ready', file: '/souk/logs/app/out.log', node: 'web', pod: 'web-5d9c' },
    };
    expect(logRecordOf(record, at)).toEqual({
      ...{ at: '2026-03-01T11:59:58.123Z', node: 'web', pod: 'web-5d9c', file: 'app/out.log', text: 'ready' },
    });
  });

  it.each<[string, unknown, object]>([
    ['of seconds', { date: 1772366398.5, log: 'x' }, { at: '2026-03-01T11:59:58.500Z', text: 'x' }],
    ['of the future', { time: '2036-01-01T00:00:00Z', log: 'x' }, { at: now }],
    ['of a clock that is a little ahead', { time: '2026-03-01T12:00:30Z', log: 'x' }, { at: now }],
    ['without a time', { log: 'x' }, { at: now, node: 'unknown' }],
    ['with fields of its own', { level: 'info', msg: 'hi' }, { text: '{"level":"info","msg":"hi"}' }],
    ['with another name for its text', { message: 'hi' }, { text: 'hi' }],
    ['that is none', 'just text', { text: '"just text"', node: 'unknown' }],
    ['that is nothing', null, { text: 'null' }],
    ['with names of another kind', { log: 'x', node: 5, pod: {} }, { node: 'unknown' }],
    ['with a name of the prototype', JSON.parse('{"__proto__": {"log": "x"}}'), { text: '{"__proto__":{"log":"x"}}' }],
  ])('%s becomes a line all the same', (_, record, expected) => expect(logRecordOf(record, at)).toMatchObject(expected));

  it('is cut where it is too long', () => {
    expect(logRecordOf({ log: 'x'.repeat(20_000) }, at).text).toMatch(/^x{16384} … \(3616 more characters\)$/);
  });
});
