import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { SignedRequest } from '@souk/contracts';

/*
 * # How an instance signs a request (F40)
 *
 * In the manner of Alibaba Cloud API Gateway's "digest authentication" (X-Ca-* headers), with two differences: the body digest is the
 * `Content-Digest` of RFC 9530 (SHA-256) in the place of `Content-MD5`, and query parameters are percent-encoded before they are signed,
 * so that no two requests have the same text.
 *
 * Headers of the request:
 *
 *     X-Ca-Key                the AppKey
 *     X-Ca-Timestamp          milliseconds since 1970-01-01T00:00:00Z; at most 15 minutes from the server's clock
 *     X-Ca-Nonce              a UUID, never used before with this AppKey
 *     X-Ca-Signature-Method   HmacSHA256 (may be left out)
 *     X-Ca-Signature-Headers  names of the signed headers, separated by commas; at least x-ca-key, x-ca-nonce and x-ca-timestamp
 *     X-Ca-Signature          Base64(HMAC-SHA256(key = AppSecret as UTF-8, message = string to sign as UTF-8))
 *     Content-Digest          sha-256=:<Base64(SHA-256(body))>: , with a body only
 *
 * The string to sign; LF is one line feed (0x0A), a header that is not sent is an empty text:
 *
 *     METHOD          LF      upper case
 *     Accept          LF      value of the header
 *     Content-Digest  LF      value of the header
 *     Content-Type    LF      value of the header
 *     Date            LF      value of the header
 *     name:value      LF      each header named in X-Ca-Signature-Headers: name in lower case, sorted by name; value as it is sent
 *     PATH[?QUERY]            the path as it is sent; QUERY only if there are parameters
 *
 * QUERY is `key=value` joined by `&`, sorted by key; a key that occurs more than once keeps the order of its values; a key without value
 * is `key=`. Keys and values are percent-encoded (RFC 3986: everything but `A-Z a-z 0-9 - . _ ~`, upper-case hex, of the UTF-8 bytes),
 * sorted after encoding. Values of headers are taken without spaces around them.
 *
 * An example: `GET /open/v1/instance?b=2&a=x%20y` with AppKey `0123456789abcdef0123456789abcdef`, AppSecret
 * `bm90LWEtcmVhbC1zZWNyZXQtanVzdC1hbi1leGFtcGxl` and `Accept: application/json`. The string to sign is
 *
 *     GET
 *     application/json
 *
 *
 *
 *     x-ca-key:0123456789abcdef0123456789abcdef
 *     x-ca-nonce:6f9619ff-8b86-4d01-b42d-00cf4fc964ff
 *     x-ca-timestamp:1700000000000
 *     /open/v1/instance?a=x%20y&b=2
 *
 * and `X-Ca-Signature` is `fQTL52VT3mtItg3bzkXpbLszV6k0BW3rQQgIR7YWBko=`.
 */

/** A request as it was read, before anything is known of its key. */
export type ReadRequest = WellFormedRequest | MalformedRequest;

export interface WellFormedRequest {
  readonly wellFormed: true;
  readonly appKey: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly nonce: string;
  /** As it was sent: base64 text. */
  readonly signature: string;
  readonly stringToSign: string;
}

export interface MalformedRequest {
  readonly wellFormed: false;
  /** What is wrong with the request; depends on nothing but the request. */
  readonly detail: string;
}

/** How far a timestamp may be from the server's clock, in milliseconds, inclusive. */
export const SIGNATURE_WINDOW = 15 * 60_000;

/** Reads what a gateway saw. Depends on the request alone: nothing here knows any key. */
export function readSignedRequest(request: SignedRequest): ReadRequest {
  const { method, path, query, headers, bodySha256 } = request;
  const header = (name: string) => headerOf(headers, name);
  const appKey = header('x-ca-key');
  const nonce = header('x-ca-nonce');
  const timestamp = header('x-ca-timestamp');
  const signature = header('x-ca-signature');
  const names = header('x-ca-signature-headers');
  if (!appKey || !nonce || !timestamp || !signature || !names)
    return malformed(`these headers are needed: ${neededHeaders.join(', ')}`);

  if (!METHOD.test(method)) return malformed('the method is not in upper case');
  if (!PATH.test(path)) return malformed('the path does not begin with "/", or has characters that a path can not have');
  if (!TIMESTAMP.test(timestamp)) return malformed('X-Ca-Timestamp is not a number of milliseconds');
  if (!UUID.test(nonce)) return malformed('X-Ca-Nonce is not a UUID');
  if ((header('x-ca-signature-method') ?? METHOD_NAME) !== METHOD_NAME)
    return malformed(`X-Ca-Signature-Method is not ${METHOD_NAME}`);
  const digest = header('content-digest') ?? '';
  const digestProblem = problemOfDigest(digest, bodySha256);
  if (digestProblem) return malformed(digestProblem);

  const signed = signedHeaders(names, headers);
  if ('problem' in signed) return malformed(signed.problem);
  const parameters = canonicalQuery(query);
  const stringToSign =
    `${method}\n${header('accept') ?? ''}\n${digest}\n${header('content-type') ?? ''}\n${header('date') ?? ''}\n` +
    `${signed.lines}${path}${parameters && '?'}${parameters}`;
  // Every line feed is one of ours: a value with one in it could pass for two values.
  if (countLineFeeds(stringToSign) !== FIXED_LINES + signed.count) return malformed('a header has a line feed in it');
  return { wellFormed: true, appKey, timestamp: Number(timestamp), nonce, signature, stringToSign };
}

/** Base64 of the HMAC-SHA256. The key is the AppSecret as it is written, in UTF-8. */
export function signatureOf(stringToSign: string, appSecret: string | Uint8Array): string {
  return createHmac('sha256', appSecret).update(stringToSign).digest('base64');
}

/** Compares as text, so that there is exactly one right signature; takes as long for a wrong one as for the right one. */
export function isSignature(given: string, expected: string): boolean {
  const right = Buffer.from(expected);
  const bytes = Buffer.from(given);
  // Of another length: compared with the right one all the same, so that it costs the same.
  if (bytes.length !== right.length) return !timingSafeEqual(right, right);
  return timingSafeEqual(bytes, right);
}

/** Whether the server takes a request of that time at this one. Both in milliseconds since the epoch; exact, inclusive. */
export function isWithinWindow(timestamp: number, now: number): boolean {
  return Math.abs(now - timestamp) <= SIGNATURE_WINDOW;
}

/** Method, Accept, Content-Digest, Content-Type, Date. */
const FIXED_LINES = 5;
const METHOD_NAME = 'HmacSHA256';
const METHOD = /^[A-Z]{1,16}$/;
/** Visible ASCII without `?` and `#`. */
const PATH = /^\/[!"$->@-~]{0,4095}$/;
const TIMESTAMP = /^\d{1,15}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]{1,256}$/;

const neededHeaders = ['X-Ca-Key', 'X-Ca-Timestamp', 'X-Ca-Nonce', 'X-Ca-Signature', 'X-Ca-Signature-Headers'];
const alwaysSigned = ['x-ca-key', 'x-ca-nonce', 'x-ca-timestamp'];
/** They stand in lines of their own, or can't sign themselves. */
const neverListed = ['x-ca-signature', 'x-ca-signature-headers', 'accept', 'content-digest', 'content-type', 'date'];

/** More headers than any honest caller signs. */
const MAX_SIGNED_HEADERS = 64;

function malformed(detail: string): MalformedRequest {
  return { wellFormed: false, detail };
}

function headerOf(headers: SignedRequest['headers'], name: string): string | undefined {
  const value: unknown = headers[name];
  // Nothing that an object inherits is a text.
  return typeof value === 'string' ? value.trim() : undefined;
}

interface MalformedList {
  readonly problem: string;
}

/** `name:value LF` of each listed header, sorted; or what is wrong with the list. */
function signedHeaders(
  list: string,
  headers: SignedRequest['headers'],
): { readonly lines: string; readonly count: number } | MalformedList {
  const names = headerNames(list);
  if ('problem' in names) return names;
  let lines = '';
  for (const name of names) {
    const value = headerOf(headers, name);
    if (value === undefined) return { problem: `X-Ca-Signature-Headers names ${name}, which was not sent` };
    lines += `${name}:${value}\n`;
  }
  return { lines, count: names.length };
}

/** Callers send the same few lists over and over: they are read once. */
const knownLists = new Map<string, readonly string[] | MalformedList>();
const MAX_KNOWN_LISTS = 256;
const LONGEST_KNOWN_LIST = 1024;

function headerNames(list: string): readonly string[] | MalformedList {
  const known = knownLists.get(list);
  if (known) return known;
  const names = readHeaderNames(list);
  if (knownLists.size >= MAX_KNOWN_LISTS) knownLists.clear();
  if (list.length <= LONGEST_KNOWN_LIST) knownLists.set(list, names);
  return names;
}

function readHeaderNames(list: string): readonly string[] | MalformedList {
  const names = list
    .toLowerCase()
    .split(',', MAX_SIGNED_HEADERS + 1)
    .map((name) => name.trim())
    .sort();
  if (names.length > MAX_SIGNED_HEADERS)
    return { problem: `X-Ca-Signature-Headers names more than ${MAX_SIGNED_HEADERS} headers` };
  for (const name of alwaysSigned) if (!names.includes(name)) return { problem: `X-Ca-Signature-Headers does not name ${name}` };
  for (const [i, name] of names.entries()) {
    if (!HEADER_NAME.test(name)) return { problem: 'X-Ca-Signature-Headers names something that is no header' };
    if (name === names[i - 1]) return { problem: `X-Ca-Signature-Headers names ${name} twice` };
    if (neverListed.includes(name)) return { problem: `X-Ca-Signature-Headers must not name ${name}` };
  }
  return names;
}

function canonicalQuery(query: SignedRequest['query']): string {
  const keys = Object.keys(query);
  if (keys.length === 0) return '';
  return keys
    .map((key) => [percentEncoded(key), query[key]!] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, value]) => (typeof value === 'string' ? [value] : value).map((one) => `${key}=${percentEncoded(one)}`))
    .join('&');
}

/** `encodeURIComponent` leaves some sub-delimiters alone; lone surrogates, which have no UTF-8, become U+FFFD. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, '\ufffd')).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The member `sha-256` of a Content-Digest (RFC 9530, a dictionary of RFC 8941) must be the digest of the body that was received. */
function problemOfDigest(header: string, bodySha256: string | undefined): string | undefined {
  if (bodySha256 === undefined && header === '') return undefined;
  if (header === '') return 'a body must have its Content-Digest: sha-256=:…:';
  const given = /(?:^|,)[ \t]*sha-256=:([A-Za-z0-9+/]{43}=):[ \t]*(?:,|$)/.exec(header)?.[1];
  if (given === undefined) return 'Content-Digest has no sha-256=:…:';
  return given === (bodySha256 ?? EMPTY_SHA256) ? undefined : 'Content-Digest is not the SHA-256 of the body';
}

const EMPTY_SHA256 = createHash('sha256').digest('base64');

function countLineFeeds(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
