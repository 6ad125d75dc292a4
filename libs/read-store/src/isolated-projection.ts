import dns from 'node:dns';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import nodeCrypto from 'node:crypto';
import timers from 'node:timers';
import type { Document, DomainEvent, Projection } from '@souk/event-sourcing';

/** A fold asked for something that is not in its events. */
export class ImpureProjection extends Error {
  readonly code = 'impure-projection';
  constructor(asked: string) {
    super(`a projection asked for ${asked}: what it makes must follow from its events alone`);
    this.name = new.target.name;
  }
}

/** How many folds run at this moment: they are synchronous, so one or none. */
let folding = 0;

/**
 * Takes clock, timers, randomness and network from projections, for as long as this process lives; whoever asks for them while a handler
 * of an {@link isolated} projection runs gets an {@link ImpureProjection}. Everybody else has them as before.
 */
export function forbidImpureFolds(): void {
  globalThis.Date = new Proxy(Date, {
    construct: (target, args, newTarget) => {
      refuse('the clock (Date)');
      return Reflect.construct(target, args, newTarget) as object;
    },
    apply: (target, self, args) => {
      refuse('the clock (Date)');
      return Reflect.apply(target, self, args) as string;
    },
  });
  forbid(Date, 'the clock (Date.now)', ['now']);
  forbid(performance, 'the clock (performance.now)', ['now']);
  forbid(process, 'the clock (process.hrtime)', ['hrtime', 'uptime']);
  forbid(Math, 'randomness (Math.random)', ['random']);
  forbid(nodeCrypto, 'randomness (crypto)', ['randomBytes', 'randomUUID', 'randomInt', 'randomFillSync']);
  forbid(globalThis.crypto, 'randomness (crypto)', ['randomUUID', 'getRandomValues']);
  for (const place of [globalThis, timers]) forbid(place, 'a timer', ['setTimeout', 'setInterval', 'setImmediate']);
  forbid(globalThis, 'the network (fetch)', ['fetch']);
  forbid(net, 'the network (net)', ['connect', 'createConnection', 'createServer']);
  forbid(net.Socket.prototype, 'the network (net)', ['connect']);
  for (const place of [http, https]) forbid(place, 'the network (http)', ['request', 'get']);
  forbid(http2, 'the network (http2)', ['connect']);
  for (const place of [dns, dns.promises]) forbid(place, 'the network (dns)', ['lookup', 'resolve', 'resolve4', 'resolve6']);
}

/** The same projection, known to {@link forbidImpureFolds}. */
export function isolated<Doc extends Document, Event extends DomainEvent>(
  projection: Projection<Doc, Event>,
): Projection<Doc, Event> {
  const on = Object.entries<unknown>(projection.on).map(([type, handler]) => [
    type,
    typeof handler === 'function' ? alone(handler as (...args: unknown[]) => unknown) : handler,
  ]);
  return {
    ...projection,
    ...(projection.keys && { keys: alone(projection.keys) }),
    on: Object.fromEntries(on) as Projection<Doc, Event>['on'],
  };
}

function alone<Args extends readonly unknown[], Answer>(fold: (...args: Args) => Answer): (...args: Args) => Answer {
  return (...args) => {
    folding++;
    try {
      return fold(...args);
    } finally {
      folding--;
    }
  };
}

function refuse(what: string): void {
  if (folding > 0) throw new ImpureProjection(what);
}

function forbid(place: object, what: string, names: readonly string[]): void {
  for (const name of names) {
    const original = Reflect.get(place, name) as (...args: unknown[]) => unknown;
    const guarded = new Proxy(original, {
      apply: (target, self, args) => {
        refuse(what);
        return Reflect.apply(target, self, args);
      },
    });
    Object.defineProperty(place, name, { value: guarded, configurable: true, writable: true });
  }
}
