import fc from 'fast-check';
import { common, type Message, parse } from 'protobufjs';
import { jsonName, jsonOf, messageOf, UnfitAnswer } from './json-codec';

const { root } = parse(
  `syntax = "proto3";
   package test;
   import "google/protobuf/struct.proto";
   message Part { string part_id = 1; }
   message Whole {
     string text = 1;
     optional string maybe_text = 2;
     int32 number = 3;
     optional int32 maybe_number = 4;
     int64 large = 5;
     double fraction = 6;
     bool truth = 7;
     Part part = 8;
     repeated Part parts = 9;
     map<string, string> texts = 10;
     map<string, Part> named = 11;
     google.protobuf.Struct document = 12;
     google.protobuf.Value anything = 13;
     repeated google.protobuf.ListValue lists = 14;
   }
   message Wanted {
     repeated string names = 1 [(google.api.field_behavior) = REQUIRED];
     map<string, string> texts = 2 [(google.api.field_behavior) = REQUIRED];
   }`,
  { keepCase: true },
);
root.addJSON(common.get('google/protobuf/struct.proto')!.nested!);
root.resolveAll();
const whole = root.lookupType('test.Whole');

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const key = text.filter((name) => name !== '__proto__');
const part = fc.record({ partId: text });
const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
const documents = fc.record(
  {
    text,
    maybeText: text,
    number: fc.integer(),
    maybeNumber: fc.integer(),
    large: fc.maxSafeInteger(),
    fraction: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
    truth: fc.boolean(),
    part,
    parts: fc.array(part, { minLength: 1, maxLength: 3 }),
    texts: fc.dictionary(key, text, { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
    named: fc.dictionary(key, part, { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
    document: fc.dictionary(key, json, { maxKeys: 3, noNullPrototype: true }),
    anything: json,
    lists: fc.array(fc.array(json, { maxLength: 3 }), { minLength: 1, maxLength: 3 }),
  },
  { requiredKeys: ['text', 'number', 'large', 'fraction', 'truth'] },
);

const unnamed = (path: string): never => {
  throw new Error(path);
};
const read = (message: object): Message => whole.decode(whole.encode(message).finish());

describe('A document as a message', () => {
  it('comes back as it was, over the wire', () => {
    fc.assert(
      fc.property(documents, (document) => {
        expect(jsonOf(whole, read(messageOf(whole, document, unnamed)))).toEqual(document);
      }),
    );
  });

  it('takes null for absent, but where any value may stand', () => {
    const document = { text: 'a', maybeText: null, part: null, parts: null, anything: null };
    expect(jsonOf(whole, read(messageOf(whole, document, unnamed)))).toEqual({
      ...{ text: 'a', number: 0, large: 0, fraction: 0, truth: false },
      anything: null,
    });
  });

  it('tells which fields it has no name for, and goes on without them', () => {
    const found: string[] = [];
    const document = { text: 'a', colour: 'red', parts: [{ partId: '1' }, { partId: '2', size: 3 }] };
    const message = messageOf(whole, document, (path) => found.push(path));
    expect(found).toEqual(['test.Whole: colour', 'test.Part: parts.1.size']);
    expect(jsonOf(whole, read(message))).toMatchObject({ text: 'a', parts: [{ partId: '1' }, { partId: '2' }] });
  });

  it.each([
    ['a number for a text', { text: 1 }],
    ['a text for a number', { number: '1' }],
    ['a fraction for a whole number', { number: 1.5 }],
    ['a number of more than 32 bits', { number: 2 ** 31 }],
    ['a number that is not exact', { large: 2 ** 53 }],
    ['an object for a list', { parts: {} }],
    ['a list for an object', { part: [] }],
    ['a list for a map', { texts: [] }],
    ['a text for a document', { document: 'text' }],
    ['a text for a list of lists', { lists: ['text'] }],
  ])('refuses %s', (_, document) => {
    expect(() => messageOf(whole, document, unnamed)).toThrow(UnfitAnswer);
  });
});

describe('A message as a document', () => {
  it('has fields without presence always, and leaves out lists and maps that are empty', () => {
    expect(jsonOf(whole, read({}))).toEqual({ text: '', number: 0, large: 0, fraction: 0, truth: false });
  });

  it('has lists and maps that are required also when they are empty', () => {
    const wanted = root.lookupType('test.Wanted');
    expect(jsonOf(wanted, wanted.decode(new Uint8Array()))).toEqual({ names: [], texts: {} });
  });

  it('has the names of JSON', () => {
    expect(['app_id', 'body_sha256', 'id'].map((name) => jsonName({ name }))).toEqual(['appId', 'bodySha256', 'id']);
  });
});
