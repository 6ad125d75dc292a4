import { InvalidInput } from '@souk/platform';
import { OrderEventPipe } from './order-event.pipe';

const id = (prefix: string) => `${prefix}_01J00000000000000000000000`;
const paid = {
  specversion: '1.0',
  id: 'evt-1',
  source: 'https://billing.example',
  type: 'souk.order.paid.v1',
  subject: 'order-1',
  sequence: '1',
  data: { buyerTenant: id('ten'), appId: id('app'), plan: 'basic', configuration: 'edge', clusterId: id('clu') },
};
const refunded = { ...paid, type: 'souk.order.refunded.v1', sequence: '2', data: { reason: 'changed their mind' } };

const pipe = new OrderEventPipe();

function problemsOf(event: unknown): string[] {
  try {
    pipe.transform(event);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return error.problems.map(({ code, pointer }) => `${code} ${pointer}`).sort();
  }
}

describe('An event of a billing system', () => {
  it('is taken as it is', () => {
    expect(pipe.transform(paid)).toEqual(paid);
    expect(pipe.transform(refunded)).toEqual(refunded);
  });

  it('may bring parameters and names of secrets', () => {
    const data = { ...paid.data, parameters: { adminEmail: 'a@b.example' }, secrets: { dbPassword: 'line-1' } };
    expect(problemsOf({ ...paid, data })).toEqual([]);
  });

  it('may be closed without data', () => {
    const { data: _, ...bare } = refunded;
    expect(problemsOf(bare)).toEqual([]);
  });

  it('may bring extension attributes, which are ignored', () => {
    expect(pipe.transform({ ...paid, traceparent: '00-…', partitionkey: 'x' })).toEqual(paid);
  });

  it('may bring its sequence as a number', () => {
    expect(pipe.transform({ ...paid, sequence: 1 })).toEqual(paid);
  });

  it.each(['0', '-1', '1.5', '', 'one', '99999999999'])('has no sequence %j', (sequence) => {
    expect(problemsOf({ ...paid, sequence })).toEqual(['wrong-format /sequence']);
  });

  it('names all that is wrong in envelope and data at once', () => {
    const data = { ...paid.data, appId: 'app_1', colour: 'red', parameters: { size: 3 } };
    const { subject: _, ...rest } = { ...paid, data };
    expect(problemsOf(rest)).toEqual([
      'required /subject',
      'unknown-field /data/colour',
      'wrong-format /data/appId',
      'wrong-type /data/parameters/size',
    ]);
  });

  it('is refused by a list of the types that are understood', () => {
    expect.assertions(1);
    try {
      pipe.transform({ ...paid, type: 'souk.order.renewed.v1' });
    } catch (error) {
      expect((error as InvalidInput).problems).toEqual([
        {
          code: 'not-one-of',
          pointer: '/type',
          message: 'must be one of "souk.order.paid.v1", "souk.order.cancelled.v1", "souk.order.refunded.v1"',
        },
      ]);
    }
  });

  it.each([null, 'text', [], 3])('is not %j', (value) => {
    expect(problemsOf(value)).not.toEqual([]);
  });
});
