import { loadPublicApi, jsonName, type PublicMethod } from '@souk/grpc-gateway';
import { parse } from 'protobufjs';
import { TestMarketplace } from '../testing';
import { answerShapes } from '../testing/answer-shapes';
import { any, MessageComparison, type Schema, type Shape, shapeOfSchema } from '../testing/api-shape';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** Operations without an rpc. */
const withoutRpc: Readonly<Record<string, string>> = {
  'GET /v1/clusters/cluster-role': 'a file for kubectl',
  'GET /.well-known/jwks.json': 'a document of RFC 7517, which libraries for JWTs fetch from a URL',
};

/** Parameters without a field. */
const withoutField: Readonly<Record<string, string>> = {
  'HistoryController.export limit': 'an export has no pages: it is refused there',
  'HistoryController.export cursor': 'an export has no pages: it is refused there',
};

/** Names of parameters in the path differ: they have the name of the resource in proto files. */
const nameless = (path: string): string => path.replaceAll(/\{[^}]*\}/g, '{}');

const { methods } = loadPublicApi();
const rpcOf = new Map(methods.map((method) => [`${method.rule.method} ${nameless(method.rule.template)}`, method]));

describe('The proto files', () => {
  let document: OpenApi;
  let operations: readonly (readonly [string, Operation])[];

  beforeAll(async () => {
    const marketplace = await TestMarketplace.start();
    document = (await marketplace.nobody().get('/openapi.json')).body;
    await marketplace.stop();
    operations = Object.entries(document.paths).flatMap(([path, verbs]) =>
      Object.entries(verbs).map(([verb, operation]) => [`${verb.toUpperCase()} ${nameless(path)}`, operation] as const),
    );
  });

  it('have one rpc for every operation of the API, and none that is for no operation', () => {
    const known = operations.map(([route]) => route).filter((route) => !(route in withoutRpc));
    expect([...rpcOf.keys()].sort()).toEqual(known.sort());
    expect(rpcOf.size).toBe(methods.length);
  });

  it('have every field of every request, as the OpenAPI document describes it, and of every answer, as the compiler knows it', () => {
    const answers = answerShapes();
    const comparison = new MessageComparison();
    for (const [route, operation] of operations) {
      const method = rpcOf.get(route);
      if (!method) continue;
      addRequest(comparison, method, operation);
      const answer = answers.get(operation.operationId);
      expect([operation.operationId, answer !== undefined || method.streams]).toEqual([operation.operationId, true]);
      if (answer) comparison.add('answers', method.response, answer);
    }
    expect(comparison.differences()).toEqual([]);
  });

  function addRequest(comparison: MessageComparison, method: PublicMethod, operation: Operation): void {
    const { request, rule } = method;
    const schema = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
    const body = schema ? shapeOfSchema(schema, document.components.schemas) : any;
    const fields = new Map(
      (operation.parameters ?? []).flatMap((parameter) => {
        if (`${operation.operationId} ${parameter.name}` in withoutField || parameter.in === 'path') return [];
        const shape = shapeOfSchema(parameter.schema, document.components.schemas);
        // Progress goes on after an event that was seen: a header in REST.
        if (parameter.in === 'header') return [['after', { shape, optional: true }] as const];
        return [[parameter.name, { shape, optional: parameter.required !== true }] as const];
      }),
    );
    if (method.streams && 'after' in request.fields) fields.set('after', { shape: { kind: 'string' }, optional: true });
    if (rule.body === '*' && body.kind === 'object') for (const [name, field] of body.fields) fields.set(name, field);
    const nested = rule.body === undefined || rule.body === '*' ? undefined : request.fields[rule.body];
    if (nested) fields.set(jsonName(nested), { shape: body, optional: false });
    comparison.add('requests', request, { kind: 'object', fields }, rule.pathFields);
  }
});

describe('The comparison with proto files', () => {
  const type = (fields: string) => {
    const { root } = parse(`syntax = "proto3"; package test; message Tested { ${fields} } message Part { string id = 1; }`, {
      keepCase: true,
    });
    root.resolveAll();
    return root.lookupType('test.Tested');
  };
  const text: Shape = { kind: 'string' };
  const object = (fields: Record<string, Shape>, ...optional: string[]): Shape => ({
    kind: 'object',
    fields: new Map(Object.entries(fields).map(([name, shape]) => [name, { shape, optional: optional.includes(name) }])),
  });
  const differences = (fields: string, ...shapes: Shape[]) => {
    const comparison = new MessageComparison();
    const tested = type(fields);
    for (const shape of shapes) comparison.add('answers', tested, shape);
    return comparison.differences();
  };

  it.each<[string, string, Shape[], string[]]>([
    ['what fits', 'string app_id = 1;', [object({ appId: text })], []],
    [
      'a new property',
      'string id = 1;',
      [object({ id: text, colour: text })],
      ['test.Tested.colour is in the API, and not in the proto file'],
    ],
    [
      'a property that is gone',
      'string id = 1; string old = 2;',
      [object({ id: text })],
      ['test.Tested.old is in the proto file, and not in the API'],
    ],
    ['another kind', 'string id = 1;', [object({ id: { kind: 'number' } })], ['test.Tested.id is a number in the API']],
    ['what may be absent', 'string id = 1;', [object({ id: text }, 'id')], ['test.Tested.id is optional']],
    ['what is never absent', 'optional string id = 1;', [object({ id: text })], ['test.Tested.id is not optional']],
    [
      'what one of two answers has',
      'optional string id = 1; string name = 2;',
      [object({ id: text, name: text }), object({ name: text })],
      [],
    ],
    [
      'parts of parts',
      'repeated Part parts = 1;',
      [object({ parts: { kind: 'list', of: object({ id: { kind: 'boolean' } }) } })],
      ['test.Part.id is a boolean in the API'],
    ],
  ])('tells %s', (_, fields, shapes, expected) => {
    expect(differences(fields, ...shapes)).toEqual(expected);
  });
});
