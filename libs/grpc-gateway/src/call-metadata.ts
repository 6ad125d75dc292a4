import { Metadata } from '@grpc/grpc-js';
import { refused } from './gateway-problems';
import type { RestAnswer } from './rest-backend.port';

/** Metadata of a call that are headers of the request. What is not named here goes no further. */
const passedIn = [
  'authorization',
  'idempotency-key',
  'if-match',
  'accept-language',
  'x-request-id',
  'x-correlation-id',
  'traceparent',
  'tracestate',
  // Requests that instances sign: see services/authorization.
  'x-ca-key',
  'x-ca-timestamp',
  'x-ca-nonce',
  'x-ca-signature-method',
  'x-ca-signature-headers',
  'x-ca-signature',
  // Webhooks: https://www.standardwebhooks.com
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
];

/** Position that a read waits for: `?atLeast=` in REST. */
const AT_LEAST = 'x-at-least';

/** Headers of an answer that are told. */
const passedOut = ['etag', 'location', 'x-event-position', 'x-request-id', 'retry-after'];

const MOST_CHARACTERS = 8192;

export interface CallHeaders {
  readonly headers: Readonly<Record<string, string>>;
  readonly atLeast: string | undefined;
}

/** @throws RefusedCall for a value that is no text of a header, or one that is there twice */
export function headersOf(metadata: Metadata): CallHeaders {
  const given = [...passedIn, AT_LEAST].flatMap((name) => {
    const values = metadata.get(name);
    if (values.length === 0) return [];
    const [value] = values;
    if (values.length > 1 || typeof value !== 'string' || !isHeaderText(value))
      throw refused([{ code: 'wrong-format', pointer: '', message: `the metadata "${name}" must be one printable text` }]);
    return [[name, value] as const];
  });
  const { [AT_LEAST]: atLeast, ...headers } = Object.fromEntries(given);
  return { headers, atLeast };
}

export function metadataOf({ headers }: RestAnswer): Metadata {
  const metadata = new Metadata();
  for (const name of passedOut) {
    const value = headers[name];
    if (typeof value === 'string' && isHeaderText(value)) metadata.set(name, value);
  }
  return metadata;
}

function isHeaderText(value: string): boolean {
  return value.length <= MOST_CHARACTERS && /^[\x20-\x7e]*$/.test(value);
}
