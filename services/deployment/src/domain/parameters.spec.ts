import type { Topology } from '@souk/topology';
import { filledInProblems, lackingProblems } from './parameters';

const topology: Topology = {
  nodes: [],
  arrows: [],
  parameters: {
    email: { type: 'string', required: true },
    seats: { type: 'number', default: '5' },
    open: { type: 'boolean' },
  },
  secrets: { dbPassword: { source: 'generated' }, smtp: { source: 'supplied' } },
};

const problemsOf = (parameters: Record<string, string>, secrets: Record<string, string>) =>
  filledInProblems(topology, { parameters, secrets }).map(({ code, pointer }) => `${code} ${pointer}`);

describe('What a buyer fills in', () => {
  it('is enough with the required parameters and the supplied secrets', () => {
    expect(problemsOf({ email: 'a@b.c' }, { smtp: 'my-smtp' })).toEqual([]);
  });

  it('is refused with every problem at once', () => {
    expect(problemsOf({ seats: 'many', open: 'yes', other: '1' }, { dbPassword: 'mine' })).toEqual([
      'parameter-missing /parameters/email',
      'parameter-wrong-type /parameters/seats',
      'parameter-wrong-type /parameters/open',
      'parameter-unknown /parameters/other',
      'secret-missing /secrets/smtp',
      'secret-unknown /secrets/dbPassword',
    ]);
  });

  it('is not confused by names that every object has', () => {
    expect(problemsOf({ email: 'x', constructor: 'x' }, { smtp: 's', toString: 'x' })).toEqual([
      'parameter-unknown /parameters/constructor',
      'secret-unknown /secrets/toString',
    ]);
  });

  it('does not lack what a later version no longer asks for', () => {
    const has = { parameters: { email: 'x', gone: 'y' }, secrets: ['smtp', 'old'] };
    expect(lackingProblems(topology, has)).toEqual([]);
    expect(lackingProblems(topology, { ...has, secrets: [] })).toMatchObject([{ code: 'secret-missing' }]);
  });
});
