import { createHash, createHmac } from 'node:crypto';
import type { SignedRequest } from '@souk/contracts';
import fc from 'fast-check';
import { isSignature, isWithinWindow, readSignedRequest, signatureOf, type WellFormedRequest } from './signature';

const APP_KEY = '0123456789abcdef0123456789abcdef';
const APP_SECRET = 'bm90LWEtcmVhbC1zZWNyZXQtanVzdC1hbi1leGFtcGxl';
const NONCE = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
const ALWAYS = 'x-ca-key,x-ca-nonce,x-ca-timestamp';

const credentialHeaders = {
  'x-ca-key': APP_KEY,
  'x-ca-nonce': NONCE,
  'x-ca-timestamp': '1700000000000',
  'x-ca-signature-headers': ALWAYS,
  'x-ca-signature-method': 'HmacSHA256',
  'x-ca-signature': 'c2lnbmF0dXJl',
};
const get: SignedRequest = {
  method: 'GET',
  path: '/open/v1/instance',
  query: {},
  headers: { accept: 'application/json', ...credentialHeaders },
};
const sha256 = (body: string) => createHash('sha256').update(body).digest('base64');

function read(request: SignedRequest): WellFormedRequest {
  const result = readSignedRequest(request);
  if (!result.wellFormed) throw new Error(result.detail);
  return result;
}

const detail = (request: SignedRequest) => {
  const result = readSignedRequest(request);
  return result.wellFormed ? 'well-formed' : result.detail;
};
const withHeaders = (headers: Record<string, string>): SignedRequest => ({ ...get, headers: { ...get.headers, ...headers } });
const withoutHeader = (name: string): SignedRequest => ({
  ...get,
  headers: Object.fromEntries(Object.entries(get.headers).filter(([key]) => key !== name)),
});

describe('A signed request', () => {
  describe('is turned into the string to sign', () => {
    it('as the documented example shows, signature included', () => {
      const request = { ...get, query: { b: '2', a: 'x y' } };
      const lines = [
        'GET',
        'application/json',
        '',
        '',
        '',
        `x-ca-key:${APP_KEY}`,
        `x-ca-nonce:${NONCE}`,
        'x-ca-timestamp:1700000000000',
        '/open/v1/instance?a=x%20y&b=2',
      ];
      expect(read(request)).toEqual({
        wellFormed: true,
        appKey: APP_KEY,
        timestamp: 1700000000000,
        nonce: NONCE,
        signature: 'c2lnbmF0dXJl',
        stringToSign: lines.join('\n'),
      });
      expect(signatureOf(read(request).stringToSign, APP_SECRET)).toBe('fQTL52VT3mtItg3bzkXpbLszV6k0BW3rQQgIR7YWBko=');
    });

    it('with the body by its digest, and the headers that have lines of their own', () => {
      const body = '{"é":1}';
      const request: SignedRequest = {
        ...get,
        method: 'POST',
        headers: {
          ...credentialHeaders,
          'content-type': 'application/json; charset=utf-8',
          'content-digest': `sha-256=:${sha256(body)}:`,
          date: 'Tue, 14 Nov 2023 22:13:20 GMT',
          'x-tenant': '  Zürich  ',
          'x-ca-signature-headers': 'X-Tenant, X-Ca-Timestamp,X-Ca-Nonce,X-Ca-Key',
        },
        bodySha256: sha256(body),
      };
      const expected =
        `POST\n\nsha-256=:${sha256(body)}:\napplication/json; charset=utf-8\nTue, 14 Nov 2023 22:13:20 GMT\n` +
        `x-ca-key:${APP_KEY}\nx-ca-nonce:${NONCE}\nx-ca-timestamp:1700000000000\nx-tenant:Zürich\n/open/v1/instance`;
      expect(read(request).stringToSign).toBe(expected);
      // An HMAC of our own (RFC 2104), so that not the same call is compared with itself.
      const pad = (byte: number) => Buffer.alloc(64, byte).map((b, i) => b ^ (Buffer.from(APP_SECRET)[i] ?? 0));
      const inner = createHash('sha256').update(pad(0x36)).update(expected, 'utf8').digest();
      expect(signatureOf(expected, APP_SECRET)).toBe(createHash('sha256').update(pad(0x5c)).update(inner).digest('base64'));
    });

    it.each<[string, SignedRequest['query'], string]>([
      ['nothing without parameters', {}, ''],
      [
        'keys sorted after encoding, in code unit order',
        { b: '1', B: '2', 'a-': '3', a: '4', é: '5' },
        '?%C3%A9=5&B=2&a=4&a-=3&b=1',
      ],
      ['values of one key in the order they were sent', { k: ['z', 'a', ''] }, '?k=z&k=a&k='],
      ['a key without value as an empty one', { flag: '' }, '?flag='],
      [
        'everything but unreserved characters encoded',
        { "a!'()*": '~-._ +&=%/?😀' },
        '?a%21%27%28%29%2A=~-._%20%2B%26%3D%25%2F%3F%F0%9F%98%80',
      ],
    ])('query: %s', (_, query, expected) => {
      expect(
        read({ ...get, query })
          .stringToSign.split('\n')
          .at(-1),
      ).toBe(`/open/v1/instance${expected}`);
    });
  });

  describe('is malformed', () => {
    it.each(['x-ca-key', 'x-ca-timestamp', 'x-ca-nonce', 'x-ca-signature', 'x-ca-signature-headers'])('without %s', (name) => {
      expect(detail(withoutHeader(name))).toMatch(/these headers are needed/);
    });
    it.each<[string, SignedRequest]>([
      ['a method in lower case', { ...get, method: 'get' }],
      ['a path that holds a query', { ...get, path: '/open?x=1' }],
      ['a path with a line feed', { ...get, path: '/open\n' }],
      ['a relative path', { ...get, path: 'open' }],
      ['a timestamp in words', withHeaders({ 'x-ca-timestamp': '2023-11-14T22:13:20Z' })],
      ['a negative timestamp', withHeaders({ 'x-ca-timestamp': '-1' })],
      ['a nonce that is no UUID', withHeaders({ 'x-ca-nonce': '1' })],
      ['another signature method', withHeaders({ 'x-ca-signature-method': 'HmacSHA1' })],
      ['a nonce that is not signed', withHeaders({ 'x-ca-signature-headers': 'x-ca-key,x-ca-timestamp' })],
      ['a signed header that was not sent', withHeaders({ 'x-ca-signature-headers': `${ALWAYS},x-other` })],
      ['a header of Object.prototype', withHeaders({ 'x-ca-signature-headers': `${ALWAYS},constructor` })],
      ['a header that is signed twice', withHeaders({ 'x-ca-signature-headers': `${ALWAYS},X-Ca-Key` })],
      ['a signature that signs itself', withHeaders({ 'x-ca-signature-headers': `${ALWAYS},x-ca-signature` })],
      ['something that is no header name', withHeaders({ 'x-ca-signature-headers': `${ALWAYS},a:b`, 'a:b': '1' })],
      ['more signed headers than anybody needs', withHeaders({ 'x-ca-signature-headers': `${ALWAYS}${',x'.repeat(100)}` })],
      ['a header value with a line feed', withHeaders({ accept: 'a\nb' })],
      ['a body without digest', { ...get, bodySha256: sha256('x') }],
      ['a digest of another body', { ...withHeaders({ 'content-digest': `sha-256=:${sha256('y')}:` }), bodySha256: sha256('x') }],
      ['a digest of a body that is not there', withHeaders({ 'content-digest': `sha-256=:${sha256('y')}:` })],
      ['a digest of another kind', { ...withHeaders({ 'content-digest': 'sha-512=:AAAA:' }), bodySha256: sha256('x') }],
    ])('with %s', (_, request) => {
      expect(readSignedRequest(request).wellFormed).toBe(false);
    });
    it('but not by a digest of the empty body, or of a second kind', () => {
      expect(detail(withHeaders({ 'content-digest': `sha-256=:${sha256('')}:` }))).toBe('well-formed');
      const two = withHeaders({ 'content-digest': `sha-512=:AAAA:, sha-256=:${sha256('x')}:` });
      expect(detail({ ...two, bodySha256: sha256('x') })).toBe('well-formed');
    });
  });

  it('has another signature when any single character of it is another', () => {
    const body = sha256('body');
    const request: SignedRequest = {
      method: 'POST',
      path: '/open/v1/instance/nodes',
      query: { page: '1', tag: ['a', 'b'] },
      headers: {
        ...get.headers,
        'content-type': 'text/plain',
        'content-digest': `sha-256=:${body}:`,
        date: 'today',
        'x-extra': 'more',
        'x-ca-signature-headers': `${ALWAYS},x-extra`,
      },
      bodySha256: body,
    };
    const signature = signatureOf(read(request).stringToSign, APP_SECRET);
    const signedHeaders = [
      'accept',
      'content-type',
      'content-digest',
      'date',
      'x-ca-key',
      'x-ca-nonce',
      'x-ca-timestamp',
      'x-extra',
    ];
    const parts: readonly (readonly [string, (change: (text: string) => string) => SignedRequest])[] = [
      ['method', (change) => ({ ...request, method: change(request.method) })],
      ['path', (change) => ({ ...request, path: change(request.path) })],
      ['bodySha256', (change) => ({ ...request, bodySha256: change(body) })],
      ['query value', (change) => ({ ...request, query: { ...request.query, page: change('1') } })],
      ['query key', (change) => ({ ...request, query: { [change('page')]: '1', tag: ['a', 'b'] } })],
      ['repeated value', (change) => ({ ...request, query: { page: '1', tag: ['a', change('b')] } })],
      ...signedHeaders.map(
        (name) =>
          [
            name,
            (change: (text: string) => string) => ({
              ...request,
              headers: { ...request.headers, [name]: change(request.headers[name]!) },
            }),
          ] as const,
      ),
    ];
    const isAccepted = (changed: SignedRequest) => {
      const result = readSignedRequest(changed);
      return result.wellFormed && isSignature(signature, signatureOf(result.stringToSign, APP_SECRET));
    };
    expect(isAccepted(request)).toBe(true);
    fc.assert(
      fc.property(fc.constantFrom(...parts), fc.nat(), fc.integer({ min: 0x21, max: 0x7e }), ([, build], at, code) => {
        const changed = build((text) => {
          const i = at % text.length;
          const other = String.fromCharCode(code === text.charCodeAt(i) ? (code === 0x7e ? 0x21 : code + 1) : code);
          return text.slice(0, i) + other + text.slice(i + 1);
        });
        expect(isAccepted(changed)).toBe(false);
      }),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(fc.nat(signature.length - 1), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }), (i, char) => {
        fc.pre(char !== signature[i]);
        expect(isSignature(signature.slice(0, i) + char + signature.slice(i + 1), signature)).toBe(false);
      }),
    );
  });

  it('has one text only: different requests have different strings to sign', () => {
    const text = fc.stringMatching(/^[ -~]{0,6}$/);
    const query = fc.dictionary(fc.stringMatching(/^[a-c&=%+]{1,2}$/), text, { maxKeys: 3 });
    fc.assert(
      fc.property(query, query, (a, b) => {
        const same = JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
        expect(read({ ...get, query: a }).stringToSign === read({ ...get, query: b }).stringToSign).toBe(same);
      }),
    );
  });

  it('reads whatever comes without throwing', () => {
    const names = fc.constantFrom(...Object.keys(get.headers), '__proto__', 'x-other', 'content-digest');
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.dictionary(fc.string(), fc.string()),
        fc.dictionary(names, fc.string()),
        (method, path, query, headers) => {
          readSignedRequest({ method, path, query, headers });
          readSignedRequest({ ...get, query, headers: { ...get.headers, ...headers } });
        },
      ),
    );
  });
});

describe('The signature window', () => {
  const now = 1700000000000;
  it.each([
    [0, true],
    [900_000, true],
    [-900_000, true],
    [900_001, false],
    [-900_001, false],
  ])('of a request %d ms away is exact', (distance, taken) => {
    expect(isWithinWindow(now + distance, now)).toBe(taken);
  });
});

describe('A signature', () => {
  it('is compared with another implementation', () => {
    expect(signatureOf('text', 'key')).toBe(
      createHmac('sha256', Buffer.from('key')).update(Buffer.from('text')).digest().toString('base64'),
    );
  });
  it.each(['', 'x', 'ŦQTL52VT3mtItg3bzkXpbLszV6k0BW3rQQgIR7YWBko='])('is not %j', (given) => {
    expect(isSignature(given, 'fQTL52VT3mtItg3bzkXpbLszV6k0BW3rQQgIR7YWBko=')).toBe(false);
  });
});
