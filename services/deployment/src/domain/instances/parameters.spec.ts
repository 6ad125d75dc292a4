import type { Topology } from '@souk/topology';
import { filledInProblems, lackingProblems, suppliedSecrets, suppliedValueProblems } from './parameters';

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

  describe('under a schema', () => {
    const strict: Topology = {
      ...topology,
      parameters: {
        mail: { type: 'string', format: 'email', maxLength: 20 },
        code: { type: 'string', pattern: '^[A-Z]{3}$', minLength: 3 },
        level: { type: 'integer', minimum: 1, maximum: 9, enum: ['1', '5', '9', '11'] },
        licence: { type: 'string', secret: true, required: true, pattern: '^[0-9]+$' },
        hint: { type: 'string', secret: true },
      },
    };
    const problems = (parameters: Record<string, string>, secrets: Record<string, string> = { smtp: 's', licence: 'l' }) =>
      filledInProblems(strict, { parameters, secrets });

    it('is held against all of it, with every problem at once, and not quoted', () => {
      expect(problems({ mail: 'a@b.org', code: 'ABC', level: '5' })).toEqual([]);
      const found = problems({ mail: 'no-mail-at-all-in-this-text', code: 'x', level: '11' });
      expect(found.map(({ code, pointer }) => `${code} ${pointer}`)).toEqual([
        'parameter-too-long /parameters/mail',
        'parameter-wrong-format /parameters/mail',
        'parameter-too-short /parameters/code',
        'parameter-wrong-pattern /parameters/code',
        'parameter-too-large /parameters/level',
      ]);
      expect(JSON.stringify(found)).not.toContain('no-mail-at-all');
    });

    it('takes a secret parameter by the name of a stored secret, and in no other way', () => {
      const found = problems({ licence: 'hunter2' }, { smtp: 's' });
      expect(found).toMatchObject([
        { code: 'parameter-is-secret', pointer: '/parameters/licence' },
        { code: 'secret-missing', pointer: '/secrets/licence' },
      ]);
      expect(JSON.stringify(found)).not.toContain('hunter2');
      expect(problems({}, { smtp: 's', licence: 'l', hint: 'h' })).toEqual([]);
    });

    it('holds what is stored against the schema too, and does not quote it', () => {
      const licence = suppliedSecrets(strict).find(({ name }) => name === 'licence')!;
      expect(suppliedValueProblems(licence, '123')).toEqual([]);
      const found = suppliedValueProblems(licence, 'hunter2');
      expect(found).toMatchObject([{ code: 'parameter-wrong-pattern', pointer: '/secrets/licence' }]);
      expect(JSON.stringify(found)).not.toContain('hunter2');
    });

    it('lacks a secret parameter that a later version asks for', () => {
      const has = { parameters: { licence: 'in the clear before' }, secrets: ['smtp'] };
      expect(lackingProblems(strict, has).map(({ code, pointer }) => `${code} ${pointer}`)).toEqual([
        'secret-missing /secrets/licence',
      ]);
      expect(lackingProblems(strict, { ...has, secrets: ['smtp', 'param.licence'] })).toEqual([]);
    });
  });
});
