import { decodeProtobuf } from './protobuf';

/** What `kubectl create namespace shop` sends. */
const namespace = Buffer.from(
  '6b3873000a0f0a02763112094e616d657370616365121c0a140a0473686f7012001a0022002a0032003800420012001a020a001a002200',
  'hex',
);
const message = (kind: string, raw: Buffer): Buffer => {
  const field = (number: number, bytes: Buffer): Buffer => Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
  const type = Buffer.concat([field(1, Buffer.from('v1')), field(2, Buffer.from(kind))]);
  return Buffer.concat([Buffer.from('k8s\0'), field(1, type), field(2, raw)]);
};

describe('Protobuf bodies', () => {
  it('are read as the objects that they are', () => {
    expect(decodeProtobuf(namespace)).toEqual({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  });

  it('keep map entries that are empty, and make data base64', () => {
    const entry = Buffer.from([0x12, 0x06, 0x0a, 0x01, 0x61, 0x12, 0x01, 0x62, 0x12, 0x05, 0x0a, 0x01, 0x63, 0x12, 0x00]);
    expect(decodeProtobuf(message('Secret', entry))).toMatchObject({ data: { a: 'Yg==', c: '' } });
  });

  it.each([
    ['no protobuf', Buffer.from('{}'), 400],
    ['cut off', namespace.subarray(0, 30), 400],
    ['of an unknown kind', message('Widget', Buffer.alloc(0)), 415],
    ['with an unknown field', message('Namespace', Buffer.from([0x7a, 0x01, 0x61])), 415],
  ])('are refused when %s', (_what, body, code) => {
    expect(() => decodeProtobuf(body)).toThrow(expect.objectContaining({ code }) as Error);
  });
});
