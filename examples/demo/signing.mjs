// How an instance signs its requests; the format is described in services/authorization/README.md.
import { createHash, createHmac, randomUUID } from 'node:crypto';

/** Headers of a request signed with an AppKey. `url` is path and query. */
export function signedHeaders(method, url, appKey, appSecret, body = '') {
  const [path, query] = url.split('?');
  const headers = {
    accept: 'application/json',
    'x-ca-key': appKey,
    'x-ca-nonce': randomUUID(),
    'x-ca-signature-method': 'HmacSHA256',
    'x-ca-timestamp': String(Date.now()),
    ...(body && {
      'content-type': 'application/json',
      'content-digest': `sha-256=:${createHash('sha256').update(body).digest('base64')}:`,
    }),
  };
  const signed = Object.keys(headers)
    .filter((name) => name.startsWith('x-ca-'))
    .sort();
  const sortedQuery = query ? `?${query.split('&').sort().join('&')}` : '';
  const toSign = [
    method,
    headers.accept,
    headers['content-digest'] ?? '',
    headers['content-type'] ?? '',
    '',
    ...signed.map((name) => `${name}:${headers[name]}`),
    path + sortedQuery,
  ].join('\n');
  return {
    ...headers,
    'x-ca-signature-headers': signed.join(','),
    'x-ca-signature': createHmac('sha256', appSecret).update(toSign).digest('base64'),
  };
}
