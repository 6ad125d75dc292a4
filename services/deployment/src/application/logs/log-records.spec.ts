import { TooManyLogRecords } from '../../domain/logs/log.errors';
import { MAX_RECORDS, recordsIn } from './log-records';

const now = new Date('2026-03-01T12:00:00.000Z');
const slicesOf = (body: string) => [...recordsIn(Buffer.from(body), now)];
const textsOf = (body: string) => slicesOf(body).flatMap((slice) => slice.map(({ text }) => text));

describe('What a collector sends in one go', () => {
  it('is lines of JSON, lists of it, and text', () => {
    expect(textsOf('{"log":"a"}\n\n  \n[{"log":"b"},{"log":"c"}]\r\nno JSON\n[]\n{"log":"ä"}')).toEqual([
      'a',
      'b',
      'c',
      'no JSON',
      'ä',
    ]);
    expect(textsOf('')).toEqual([]);
    expect(textsOf('\n')).toEqual([]);
  });

  it('is read slice by slice, be it in one line or in many', () => {
    for (const body of [`[${'1,'.repeat(9_999)}1]`, '1\n'.repeat(10_000)])
      expect(slicesOf(body).map(({ length }) => length)).toEqual(Array.from({ length: 20 }, () => 500));
    expect(slicesOf('\n'.repeat(1024 * 1024)).length).toBe(16);
    expect(slicesOf(`{"log":"${'x'.repeat(1_000)}"}\n`.repeat(1_000)).length).toBeGreaterThan(15);
  });

  it('is refused where it has too many records, however they are written', () => {
    expect(textsOf('1\n'.repeat(MAX_RECORDS))).toHaveLength(MAX_RECORDS);
    for (const body of ['1\n'.repeat(MAX_RECORDS + 1), `[${'1,'.repeat(MAX_RECORDS)}1]`])
      expect(() => slicesOf(body)).toThrow(TooManyLogRecords);
  });

  it('is shown as text where it is too deep, or too long, to be read', () => {
    const deep = `${'[{"a":'.repeat(20_000)}1${'}]'.repeat(20_000)}`;
    expect(textsOf(`${deep}\n{"log":"after"}`)).toEqual([
      expect.stringMatching(/^\[\{"a":\[\{"a":.*more characters\)$/),
      'after',
    ]);
    expect(textsOf(`[${'1,'.repeat(200_000)}1]`)).toEqual([expect.stringMatching(/^\[1,1,.*more characters\)$/)]);
  });
});
