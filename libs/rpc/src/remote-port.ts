import type { CallContext } from '@souk/contracts';
import { LRUCache } from 'lru-cache';
import { type InternalPort, type Method, readAnswer, writeArgs } from './internal-port';
import { rpcMethodOf } from './internal-ports';
import type { Neighbour } from './neighbour';

type Call = (...args: unknown[]) => Promise<unknown>;

/** A port of another service, as it is provided here: the same methods, the same answers, the same refusals. */
export function remotePort(internal: InternalPort, neighbour: Neighbour): object {
  const calls = Object.entries(internal.methods).map(([name, method]) => {
    const call = callOf(internal, name, method, neighbour);
    return [name, method.keeps === undefined ? call : keeping(call, method.keeps)] as const;
  });
  return Object.assign(Object.create(internal.port.prototype as object) as object, Object.fromEntries(calls));
}

function callOf(internal: InternalPort, name: string, method: Method, neighbour: Neighbour): Call {
  const rpc = rpcMethodOf(internal, name);
  return async (...args) => {
    const options = { repeatable: method.repeatable ?? true, requestId: requestIdOf(args.at(-1)) };
    return readAnswer(method, await neighbour.call(rpc, writeArgs(method, args), options));
  };
}

/** Of a command: what caused it, so that the logs of both services name the same request. */
function requestIdOf(last: unknown): string {
  const call = last as Partial<CallContext> | undefined;
  return typeof call === 'object' && typeof call.causationId === 'string' ? call.causationId : '';
}

/** What was answered once is not asked again; that there is nothing may change. */
function keeping(call: Call, max: number): Call {
  const kept = new LRUCache<string, object>({ max });
  return async (...args) => {
    const key = JSON.stringify(args);
    const known = kept.get(key);
    if (known) return known;
    const answer = await call(...args);
    if (typeof answer === 'object' && answer !== null) kept.set(key, answer);
    return answer;
  };
}
