import { readdirSync } from 'node:fs';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { loadSync, type MethodDefinition, type ServiceDefinition } from '@grpc/proto-loader';
import { protoDirectory } from '@souk/contracts';
import { problemOf } from '@souk/rpc';

/** An answer over gRPC. */
export interface GrpcAnswer {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- messages are what a test asserts on, not what it is typed by
  readonly message: any;
  readonly headers: Readonly<Record<string, unknown>>;
}

const files = readdirSync(protoDirectory, { recursive: true, encoding: 'utf8' });
const definitions = loadSync(
  files.filter((file) => /^souk\/(?!internal\/).*\.proto$/.test(file)),
  { includeDirs: [protoDirectory], longs: Number },
);

/** `appcatalog.AppCatalogService/CreateApp` */
function methodOf(name: string): MethodDefinition<object, object> {
  const [, lib, service, method] = /^(\w+)\.(\w+)\/(\w+)$/.exec(name) ?? [];
  return (definitions[`souk.${lib ?? ''}.v1.${service ?? ''}`] as ServiceDefinition)[method ?? ''] as MethodDefinition<
    object,
    object
  >;
}

export interface CallSettings {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

/** One user's view of a marketplace over gRPC, by the proto files alone. A failed call throws what the client library throws. */
export class GrpcUser {
  private position: string | undefined;
  private readonly client: Client;

  constructor(
    readonly address: string,
    private readonly token?: string,
    readonly tenant = '',
  ) {
    this.client = new Client(address, credentials.createInsecure());
  }

  /** Reads see what this user has written. */
  call(name: string, request: object = {}, settings: CallSettings = {}): Promise<GrpcAnswer> {
    const { path, requestSerialize, responseDeserialize } = methodOf(name);
    return new Promise((resolve, reject) => {
      let headers: Record<string, unknown> = {};
      const answered = (error: ServiceError | null, message?: object): void => {
        if (error) reject(error);
        else resolve({ message, headers });
      };
      const call = this.client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        this.metadata(settings, /\/(Get|List|Search|Review)/.test(name)),
        options(settings),
        answered,
      );
      call.once('metadata', (metadata: Metadata) => {
        headers = metadata.getMap();
        this.position = (headers['x-event-position'] as string | undefined) ?? this.position;
      });
      settings.signal?.addEventListener('abort', () => {
        call.cancel();
      });
    });
  }

  /** The messages of a stream, to its end. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  async *stream(name: string, request: object = {}, settings: CallSettings = {}): AsyncGenerator<any> {
    const { path, requestSerialize, responseDeserialize } = methodOf(name);
    const metadata = this.metadata(settings, false);
    yield* this.client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, metadata, options(settings));
  }

  /** The problem document that the call is refused with, and the code of its status. */
  async refusal(name: string, request: object = {}, settings: CallSettings = {}) {
    const error = await this.call(name, request, settings).then(
      () => undefined,
      (thrown: unknown) => thrown as ServiceError,
    );
    return error && { grpc: error.code, ...problemOf(error) };
  }

  /** Asks again until the answer holds; what is waited for is a fact, not a time. */
  async until(
    name: string,
    request: object,
    holds: (message: GrpcAnswer['message']) => boolean,
    withinMs = 15_000,
  ): Promise<GrpcAnswer['message']> {
    for (const end = Date.now() + withinMs; ;) {
      const answer = await this.call(name, request).catch((error: unknown) => error as ServiceError);
      if ('message' in answer && !(answer instanceof Error) && holds(answer.message)) return answer.message;
      if (Date.now() > end) throw new Error(`${name} did not come to what was waited for: ${JSON.stringify(answer)}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  close(): void {
    this.client.close();
  }

  private metadata({ metadata = {} }: CallSettings, isRead: boolean): Metadata {
    const sent = new Metadata();
    if (this.token !== undefined) sent.set('authorization', `Bearer ${this.token}`);
    if (isRead && this.position !== undefined) sent.set('x-at-least', this.position);
    for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
    return sent;
  }
}

function options({ deadlineMs }: CallSettings): { deadline?: number } {
  return deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
}
