/** A request to the REST API, as a gRPC call stands for it. */
export interface RestRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface RestAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Read once. Ends with an error when the answer is cut off. */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Where the REST API is. An answer of any status is an answer; the promise is rejected when there is none. The signal ends the request
 * and the reading of its answer, and frees what they hold on the other side too.
 */
export abstract class RestBackend {
  abstract call(request: RestRequest, signal: AbortSignal): Promise<RestAnswer>;
}
