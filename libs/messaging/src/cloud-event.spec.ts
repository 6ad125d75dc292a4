import { positionOf, type RecordedEvent } from '@souk/event-sourcing';
import fc from 'fast-check';
import { parseCloudEvent, toPublicEvent } from './cloud-event';

const recorded = (type: string): RecordedEvent => ({
  id: 'b7b0c6a4-8b9e-4f6e-9a53-1c2f3d4e5f60',
  stream: 'version-ver_1',
  revision: 4,
  position: positionOf('0a1b2c3d', 17),
  type,
  data: { versionId: 'ver_1' },
  metadata: {
    commandId: 'c',
    correlationId: 'co',
    causationId: 'ca',
    actor: { kind: 'user', id: 'u' },
    tenants: ['t'],
    schemaVersion: 1,
  },
  recordedAt: '2026-01-02T03:04:05.678Z',
});

describe('the public form of a private event', () => {
  const publication = {
    service: 'release',
    on: {
      VersionReleased: ({ data }: RecordedEvent) => ({ type: 'release.version-released.v1', data }),
      VersionPondered: () => undefined,
      VersionLost: () => ({ type: 'deployment.version-lost.v1', data: {} }),
      VersionCounted: () => ({ type: 'release.version-counted', data: {} }),
    },
  };

  it('carries place, time and metadata of its origin', () => {
    const event = recorded('VersionReleased');
    expect(toPublicEvent(publication, event)).toEqual({
      specversion: '1.0',
      id: event.id,
      source: '/souk/release',
      type: 'release.version-released.v1',
      subject: 'version-ver_1',
      time: '2026-01-02T03:04:05.678Z',
      datacontenttype: 'application/json',
      data: { versionId: 'ver_1' },
      soukposition: event.position,
      soukrevision: 4,
      soukmetadata: event.metadata,
    });
  });

  it('is a CloudEvent that anybody can read, but for the metadata, which is an object', () => {
    const { soukmetadata, ...event } = toPublicEvent(publication, recorded('VersionReleased'))!;
    expect(soukmetadata).toBeDefined();
    expect(parseCloudEvent(JSON.stringify(event)).event).toMatchObject({ id: event.id, extensions: { soukrevision: 4 } });
  });

  it.each(['VersionPondered', 'SomethingElse', 'toString'])('is none for %s', (type) => {
    expect(toPublicEvent(publication, recorded(type))).toBeUndefined();
  });

  it.each(['VersionLost', 'VersionCounted'])('is refused when its type is not <its service>.<fact>.v<version>: %s', (type) => {
    expect(() => toPublicEvent(publication, recorded(type))).toThrow('not of the form "release.<fact>.v<version>"');
  });
});

describe('a CloudEvent from outside', () => {
  const paid = {
    specversion: '1.0',
    id: 'evt-1',
    source: 'https://billing.example/shops/7',
    type: 'com.example.order.paid',
    subject: 'order-4711',
    time: '2026-01-02T03:04:05Z',
    datacontenttype: 'application/json; charset=utf-8',
    sequence: '3',
    sequencetype: 'Integer',
    partitionkey: 'eu',
    data: { order: '4711' },
  };
  const codesOf = (event: object, required?: string[]) =>
    parseCloudEvent(event, required ? { required } : {}).problems?.map(({ code, pointer }) => `${pointer} ${code}`) ?? [];

  it('is read with its sequence and its extensions', () => {
    const { sequencetype, partitionkey, ...core } = paid;
    expect(parseCloudEvent(JSON.stringify(paid))).toEqual({
      event: { ...core, sequence: 3, extensions: { sequencetype, partitionkey } },
    });
    expect(parseCloudEvent(paid, { required: ['subject', 'sequence', 'data'] }).event?.sequence).toBe(3);
  });

  it('may leave out all that is optional', () => {
    const { specversion, id, source, type } = paid;
    expect(parseCloudEvent({ specversion, id, source, type })).toEqual({
      event: { specversion, id, source, type, extensions: {} },
    });
  });

  it.each([
    ['0', 0],
    [12, 12],
    ['0000000012', 12],
  ])('may write its sequence as %j', (sequence, expected) => {
    expect(parseCloudEvent({ ...paid, sequence }).event?.sequence).toBe(expected);
  });

  it.each(['', 'three', '-1', '1.5', 1.5, -1, null, '99999999999999999999', [1]])(
    'is refused for the sequence %j',
    (sequence) => {
      expect(codesOf({ ...paid, sequence })).toEqual(['/sequence invalid-sequence']);
    },
  );

  it('is refused with all its problems at once', () => {
    expect(
      codesOf({ specversion: '0.3', id: '', type: 7, subject: '', Bad_Name: 'x', nested: {}, sequence: 'x' }, ['time']),
    ).toEqual([
      '/source missing-attribute',
      '/id invalid-attribute',
      '/type invalid-attribute',
      '/subject invalid-attribute',
      '/Bad_Name invalid-attribute',
      '/nested invalid-attribute',
      '/specversion unsupported-version',
      '/time missing-attribute',
      '/sequence invalid-sequence',
    ]);
  });

  it.each([
    ['source', 'a b'],
    ['time', 'yesterday'],
    ['dataschema', 'not a uri'],
    ['schemaurl', 'https://example.org/of-version-0.3'],
  ])('is refused for a malformed %s', (attribute, value) => {
    expect(codesOf({ ...paid, [attribute]: value })).toEqual([`/${attribute} invalid-attribute`]);
  });

  it.each([
    ['/datacontenttype', { datacontenttype: 'text/xml' }],
    ['/data_base64', { data_base64: 'AAAA' }],
  ])('is refused for data that is not JSON: %s', (pointer, change) => {
    expect(codesOf({ ...paid, ...change })).toEqual([`${pointer} unsupported-data`]);
  });

  it.each(['', '{', '[]', '"text"', 'null', '[{"specversion":"1.0"}]'])('is refused when the text is %j', (text) => {
    expect(parseCloudEvent(text).problems).toMatchObject([{ code: 'not-a-cloud-event' }]);
  });

  it('is refused above 256 KB', () => {
    expect(parseCloudEvent(JSON.stringify({ ...paid, data: 'x'.repeat(256 * 1024) })).problems).toMatchObject([
      { code: 'too-large' },
    ]);
  });

  it('never throws, whatever it is', () => {
    const attribute = fc.constantFrom(...Object.keys(paid), '__proto__', 'constructor', 'schemaurl', 'ext');
    fc.assert(
      fc.property(fc.dictionary(attribute, fc.jsonValue()), fc.boolean(), (changes, base) => {
        const { event, problems } = parseCloudEvent(JSON.stringify({ ...(base ? paid : {}), ...changes }));
        expect(event === undefined).toBe(problems !== undefined && problems.length > 0);
      }),
    );
  });
});
