import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';

/** A request on its way to a service. Its body is whole, so that another replica can be asked where one has gone away. */
export interface ForwardedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body?: Buffer;
  /** It uses something up: what may have arrived is not sent again. */
  readonly once?: boolean;
  /** The client has gone. */
  readonly signal?: AbortSignal;
}

/** What the service answered. The body has to be read, or destroyed. */
export interface ForwardedAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
}

/** With its body read, for an answer that may have to wait, or may not be passed on: its connection is free again. */
export async function whole({ body, ...answer }: ForwardedAnswer): Promise<ForwardedAnswer> {
  return { ...answer, body: Readable.from([await buffer(body)], { objectMode: false }) };
}

/** One replica did not answer. */
export class ReplicaFailed extends Error {
  constructor(
    readonly replica: string,
    /** `refused`: it has not seen the request. `broken`: it may have. `late`: it has not answered in time. */
    readonly how: 'refused' | 'broken' | 'late',
    options?: ErrorOptions,
  ) {
    super(`replica ${replica}: ${how}`, options);
    this.name = new.target.name;
  }
}

/** No replica of the service answered, and what that means for the client. */
export class ServiceFailed extends Error {
  constructor(
    readonly service: string,
    readonly status: 502 | 503 | 504,
    options?: ErrorOptions,
  ) {
    super(messages[status](service), options);
    this.name = new.target.name;
  }
}

const messages: Record<ServiceFailed['status'], (service: string) => string> = {
  502: (service) => `the connection to ${service} broke while it had the request: it may have been carried out`,
  503: (service) => `${service} can't be reached at the moment`,
  504: (service) => `${service} has not answered in time`,
};
