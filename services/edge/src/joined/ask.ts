import { json } from 'node:stream/consumers';
import type { Service } from '../routes';
import { type ForwardedAnswer, type ForwardedRequest, whole } from '../upstream/exchange';
import type { Upstreams } from '../upstream/upstreams';

/** A service's answer, read as JSON where it is a success. What is not passed on of the others holds no connection. */
export type Asked<Body> = { readonly ok: true; readonly body: Body } | { readonly ok: false; readonly answer: ForwardedAnswer };

/** Asks for a JSON document. @throws ServiceFailed */
export async function ask<Body>(upstreams: Upstreams, service: Service, request: ForwardedRequest): Promise<Asked<Body>> {
  const { 'accept-encoding': _, 'if-none-match': __, ...headers } = request.headers;
  const { body, ...answer } = await upstreams.forward(service, { ...request, method: 'GET', headers });
  if (answer.status !== 200) return { ok: false, answer: await whole({ ...answer, body }) };
  return { ok: true, body: (await json(body)) as Body };
}
