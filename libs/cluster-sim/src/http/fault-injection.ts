import { type FastifyReply } from 'fastify';
import { type Call, type Fault, type FaultVerb } from '../faults/fault-rule';
import { ApiError, expired, serverTrouble, stale } from '../objects/api-error';
import { type ObjectRequest } from './object-handlers';
import { flag } from './request-options';

/** An answer that is ready to be sent; text for a log. */
export interface Prepared {
  readonly code: number;
  readonly body: object | string;
}

/** What befalls a request that is no watch, or a watch before it begins. */
export type RequestFault = Exclude<Fault, { type: 'latency' | 'outage' }>;

const VERBS: Readonly<Record<string, FaultVerb>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/** The request as fault rules look at it. */
export const callOf = (
  {
    resource,
    namespace,
    name,
    subresource,
    query,
  }: Pick<ObjectRequest, 'resource' | 'namespace' | 'name' | 'subresource' | 'query'>,
  method: string,
  userAgent: string | undefined,
): Call => ({
  verb: VERBS[method] ?? (flag(query, 'watch') ? 'watch' : name === undefined ? 'list' : 'get'),
  resource: resource.plural,
  namespace,
  name,
  subresource,
  client: (userAgent ?? '').split('/')[0] || 'unknown',
});

/**
 * Lets a request go wrong. `answer` carries it out and says what would be answered; it is called where the fault lets the request
 * take effect, and the answer is then lost.
 * @throws ApiError what is answered instead
 */
export const undergo = async (
  fault: RequestFault,
  { resource, name = '' }: Pick<ObjectRequest, 'resource' | 'name'>,
  reply: FastifyReply,
  answer: () => Promise<Prepared>,
): Promise<FastifyReply> => {
  if ('applied' in fault && fault.applied) await takeEffect(answer);
  switch (fault.type) {
    case 'status':
      throw fault.code === 409 ? stale(resource, name) : serverTrouble(fault.code, fault.retryAfterSeconds);
    case 'gone':
      throw expired(0, 0);
    case 'reset':
      if (fault.afterBytes !== undefined) return breakOff(reply, await answer(), fault.afterBytes);
      reply.hijack();
      reply.raw.socket?.resetAndDestroy();
      return reply;
    case 'timeout':
    case 'stall':
    case 'closed':
      // Held until the client has had enough.
      return reply.hijack();
  }
};

/** A refusal is an effect too; it is as lost as any other answer. */
const takeEffect = async (answer: () => Promise<Prepared>): Promise<void> => {
  try {
    await answer();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
};

/** So many bytes of the body, though the head promised all of them. */
const breakOff = (reply: FastifyReply, { code, body }: Prepared, bytes: number): FastifyReply => {
  const text = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(code, { 'content-type': 'application/json', 'content-length': Math.max(text.length, bytes + 1) });
  raw.write(text.subarray(0, bytes), () => raw.destroy());
  raw.flushHeaders();
  return reply;
};
