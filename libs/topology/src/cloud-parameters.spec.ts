import { cloudReferenceProblems, filledInParameters, referredParameters } from './cloud-parameters';
import type { Topology } from './topology';

const declared: Topology['parameters'] = {
  size: { type: 'integer', default: '20', minimum: 20 },
  backup: { type: 'boolean' },
  shop: { type: 'string', required: true },
  pin: { type: 'string', secret: true },
};

describe('Parameters of a cloud node', () => {
  const wrong = (parameters: Record<string, unknown>) => {
    const node = { serviceName: 'rds', category: 'cloud', cloud: { service: 's', plan: 'p', parameters } } as const;
    return cloudReferenceProblems(node, declared, '/nodes/0').map(
      ({ code, pointer }) => `${code} ${pointer.replace('/nodes/0/cloud/parameters', '')}`,
    );
  };

  it('refer to what the buyer fills in', () => {
    expect(wrong({ size: '${param.size}', labels: ['of ${param.shop}', '$${HOME}', 'costs 5 $'] })).toEqual([]);
    expect(wrong({})).toEqual([]);
  });

  it('refer to nothing that is secret, not declared, of another node, or no reference: all of it is told', () => {
    expect(
      wrong({
        a: { b: ['${secret.key}', '${param.pin}'] },
        c: '${param.other} ${node.web.host}',
        d: '${HOME}',
        e: '${param.toString}',
      }),
    ).toEqual([
      'cloud-parameter-reference /a/b/0',
      'cloud-parameter-secret /a/b/1',
      'reference-unknown /c',
      'cloud-parameter-reference /c',
      'reference-invalid /d',
      'reference-unknown /e',
    ]);
  });

  it('are told with what they refer to: another default is another resource', () => {
    const parameters = { size: '${param.size}', label: '${param.shop} ${param.size}', plain: 'x' };
    expect(referredParameters(parameters, declared)).toEqual({
      shop: { type: 'string' },
      size: { type: 'integer', default: '20' },
    });
    expect(referredParameters({ plain: '$${param.size}' }, declared)).toEqual({});
  });

  const filled = (parameters: Record<string, unknown>, given: Record<string, string> = {}) =>
    filledInParameters(parameters, referredParameters(parameters, declared), given);

  it('are filled in, as what they are', () => {
    expect(
      filled(
        {
          size: '${param.size}',
          deep: [{ backup: '${param.backup}', label: 'of ${param.shop}, ${param.size} GB' }],
          n: 1,
          no: null,
        },
        { shop: 'Anna', backup: 'true' },
      ),
    ).toEqual({ size: 20, deep: [{ backup: true, label: 'of Anna, 20 GB' }], n: 1, no: null });
    expect(filled({ size: '${param.size}' }, { size: '40' })).toEqual({ size: 40 });
  });

  it('take a value for a value, whatever stands in it', () => {
    expect(filled({ name: '${param.shop}' }, { shop: '${param.size}' })).toEqual({ name: '${param.size}' });
    expect(filled({ home: '$${HOME}' })).toEqual({ home: '${HOME}' });
  });

  it('leave out what nobody has filled in, where a text can not stand for it', () => {
    expect(filled({ backup: '${param.backup}', list: ['${param.backup}', 1], name: '${param.shop}' })).toEqual({
      list: [1],
      name: '',
    });
  });
});
