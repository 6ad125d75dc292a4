import { once } from 'node:events';
import { type handleServerStreamingCall, type handleUnaryCall, Metadata, type ServerWritableStream, status } from '@grpc/grpc-js';
import type { ProblemDetails } from '@souk/platform';
import { statusOf } from '@souk/rpc';
import type { Message } from 'protobufjs';
import { itemsOf } from './answer-items';
import { headersOf, metadataOf } from './call-metadata';
import { problemOfStatus, RefusedCall } from './gateway-problems';
import { messageOf, UnfitAnswer } from './json-codec';
import { GoingAway, type OpenStreams } from './open-streams';
import type { PublicMethod } from './public-api';
import type { RestAnswer, RestBackend } from './rest-backend.port';
import { restRequestOf } from './rest-request';

/** What goes wrong on this side, for the log. */
export interface Trouble {
  /** `souk.appcatalog.v1.AppCatalogService/CreateApp` */
  readonly method: string;
  readonly error: unknown;
}

export interface CallOptions {
  readonly backend: RestBackend;
  readonly streams: OpenStreams;
  readonly onTrouble: (trouble: Trouble) => void;
  /** Told of every field of an answer that no proto file names. */
  readonly onUnnamed: (field: string) => void;
}

interface CallMetadata {
  readonly metadata: Metadata;
}

/** The REST API has refused the call, or could not be asked. */
class CallFailed extends Error {
  constructor(
    readonly problem: ProblemDetails,
    readonly headers: Metadata = new Metadata(),
  ) {
    super(problem.detail);
    this.name = new.target.name;
  }
}

/** Answers one message. */
export function unaryCall(method: PublicMethod, options: CallOptions): handleUnaryCall<Message, object> {
  return (call, callback) => {
    const abort = new AbortController();
    call.once('cancelled', () => {
      abort.abort();
    });
    const answered = async (): Promise<void> => {
      const answer = await ask(method, options.backend, call, abort.signal);
      const text = await textOf(answer);
      const message = messageOf(method.response, text === '' ? {} : JSON.parse(text), options.onUnnamed);
      call.sendMetadata(metadataOf(answer));
      callback(null, message);
    };
    answered().catch((error: unknown) => {
      callback(statusFor(error, method, abort.signal, options));
    });
  };
}

/** Answers a message for each event or line of a streamed answer, and no faster than they are read. */
export function streamingCall(method: PublicMethod, options: CallOptions): handleServerStreamingCall<Message, object> {
  return (call) => {
    const abort = new AbortController();
    const leave = options.streams.enter(abort);
    call.once('cancelled', () => {
      abort.abort();
    });
    const answered = async (): Promise<void> => {
      if (!leave) throw new CallFailed(problemOfStatus(429, 'too many streams are open'));
      const answer = await ask(method, options.backend, call, abort.signal);
      call.sendMetadata(metadataOf(answer));
      const type = String(answer.headers['content-type'] ?? '');
      for await (const item of itemsOf(type, answer.body))
        await written(call, messageOf(method.response, item, options.onUnnamed), abort.signal);
      call.end();
    };
    answered()
      .catch((error: unknown) => call.emit('error', statusFor(error, method, abort.signal, options)))
      .finally(leave);
  };
}

/** @throws RefusedCall, CallFailed */
async function ask(method: PublicMethod, backend: RestBackend, call: CallMetadata & { request: Message }, signal: AbortSignal) {
  const { headers, atLeast } = headersOf(call.metadata);
  const answer = await backend.call(restRequestOf(method, call.request, headers, atLeast), signal);
  if (answer.status >= 400) throw new CallFailed(await problemIn(answer), metadataOf(answer));
  return answer;
}

async function problemIn(answer: RestAnswer): Promise<ProblemDetails> {
  const text = await textOf(answer);
  const isProblem = String(answer.headers['content-type'] ?? '').startsWith('application/problem+json');
  return isProblem ? (JSON.parse(text) as ProblemDetails) : problemOfStatus(answer.status, `the answer was ${answer.status}`);
}

async function textOf({ body }: RestAnswer): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function written(call: ServerWritableStream<Message, object>, message: object, signal: AbortSignal): Promise<void> {
  if (!call.write(message)) await once(call, 'drain', { signal });
}

/** The status that a call ends with: of the problem document, where there is one. */
function statusFor(error: unknown, { service, name }: PublicMethod, signal: AbortSignal, options: CallOptions) {
  if (error instanceof RefusedCall) return statusOf(error.problem);
  if (error instanceof CallFailed) return refusal(error);
  if (signal.reason instanceof GoingAway) return statusOf(problemOfStatus(503, signal.reason.message));
  if (signal.aborted) return { code: status.CANCELLED, details: 'the call has ended', metadata: new Metadata() };
  options.onTrouble({ method: `${service}/${name}`, error });
  const isUnfit = error instanceof UnfitAnswer || error instanceof SyntaxError;
  return statusOf(isUnfit ? INTERNAL : problemOfStatus(503, 'the answer could not be read to its end'));
}

const INTERNAL = problemOfStatus(500, 'something went wrong on this side; the log has it', 'internal');

function refusal({ problem, headers }: CallFailed) {
  const retryAfter = Number(headers.get('retry-after')[0]);
  const refused = statusOf(problem, retryAfter > 0 ? { retryAfter } : {});
  refused.metadata.merge(headers);
  return refused;
}
