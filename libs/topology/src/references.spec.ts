import fc from 'fast-check';
import {
  escapeTemplate,
  formatReference,
  parseTemplate,
  type Reference,
  resolveTemplate,
  UnresolvedReference,
} from './references';

const values = (reference: Reference) => {
  const value = { node: 'db', param: 'shop', secret: 's3cret', service: 'orders.example' }[reference.kind];
  return { value, secret: reference.kind === 'secret' };
};

describe('Templates', () => {
  it('hold text and references in order', () => {
    expect(parseTemplate('jdbc://${node.my-sql.host}:${node.my-sql.port}/${param.schema_1}?p=${secret.dbPassword}')).toEqual([
      { text: 'jdbc://' },
      { reference: { kind: 'node', node: 'my-sql', field: 'host' } },
      { text: ':' },
      { reference: { kind: 'node', node: 'my-sql', field: 'port' } },
      { text: '/' },
      { reference: { kind: 'param', name: 'schema_1' } },
      { text: '?p=' },
      { reference: { kind: 'secret', name: 'dbPassword' } },
    ]);
  });

  it.each(['$', 'a$b', '{}', '$(HOME)', '', '}${'.slice(0, 1)])('leave %j as text', (text) => {
    expect(resolveTemplate(text, values).value).toBe(text);
  });

  it.each([
    ['$${HOME}', '${HOME}'],
    ['$$${node.a.host}', '$db'],
    ['$$$${node.a.host}', '$${node.a.host}'],
    ['a$$b $$', 'a$b $'],
  ])('write a dollar sign as two of them: %s', (template, text) => {
    expect(resolveTemplate(template, values).value).toBe(text);
  });

  it.each([
    '${',
    '${}',
    '${HOME}',
    '${node.a}',
    '${node.a.1}',
    '${node.A.host}',
    '${secret.}',
    '${param.a.b}',
    '${param.__proto__}',
  ])('find that %j is no reference', (text) => {
    expect(parseTemplate(text)).toEqual([{ malformed: text }]);
    expect(() => resolveTemplate(text, values)).toThrow(UnresolvedReference);
  });

  it('are secret when one part is', () => {
    expect(resolveTemplate('${param.a}', values)).toEqual({ value: 'shop', secret: false });
    expect(resolveTemplate('x-${secret.a}-${param.a}', values)).toEqual({ value: 'x-s3cret-shop', secret: true });
  });

  it('do not resolve where there is no value', () => {
    expect(() => resolveTemplate('${param.a}', () => undefined)).toThrow(UnresolvedReference);
  });

  it('resolve to any text that was escaped, whatever it holds', () => {
    const text = fc.array(fc.constantFrom('$', '${', '}', '{', '$$', 'a', '${secret.a}')).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.string(), text), (raw) => {
        expect(resolveTemplate(escapeTemplate(raw), values)).toEqual({ value: raw, secret: false });
        expect(resolveTemplate(`${escapeTemplate(raw)}\${param.a}${escapeTemplate(raw)}`, values).value).toBe(`${raw}shop${raw}`);
      }),
    );
  });

  it('write references as they read them', () => {
    for (const written of ['${node.db.host}', '${node.db.port}', '${param.a-b}', '${secret.a_b}']) {
      const [part] = parseTemplate(written);
      expect(part && 'reference' in part && formatReference(part.reference)).toBe(written);
    }
  });
});
