import type { ServerWritableStream } from '@grpc/grpc-js';

/** A protobuf message as an object: names in lowerCamelCase, what is absent is no key. */
export type Message = Readonly<Record<string, unknown>>;

/** How one argument, or the answer, lies in a message. Law: `read(write(value))` equals the value. */
export interface Part<Value> {
  write(value: Value): Message;
  read(message: Message): Value;
}

/** A field that has the shape of the value already, whatever that is. `undefined` is an absent field. */
export function field(name: string): Part<never> {
  return {
    write: (value: unknown) => (value === undefined ? {} : { [name]: value }),
    read: (message) => message[name] as never,
  };
}

/** A document as JSON in a field of bytes. `undefined` is an absent field. */
export function json(name: string): Part<never> {
  return {
    write: (value: unknown) => (value === undefined ? {} : { [name]: jsonBytes(value) }),
    read: (message) => (message[name] === undefined ? undefined : fromJsonBytes(message[name])) as never,
  };
}

/** The answer of a command that tells nothing. */
export const nothing: Part<void> = { write: () => ({}), read: () => undefined };

export const jsonBytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
export const fromJsonBytes = (bytes: unknown): unknown => JSON.parse((bytes as Buffer).toString());

/** How one method of a port travels. */
export interface MethodOf<Args extends readonly unknown[], Answer> {
  readonly args: { readonly [Index in keyof Args]: Part<Args[Index]> };
  readonly answer: Part<Answer>;
  /** `false` where a call that was answered into the void must not be made again. Default: it may, by its command id. */
  readonly repeatable?: false;
  /** How many answers the caller keeps for good. For what never changes once it is there. */
  readonly keeps?: number;
}

/** Of any method. */
export type Method = MethodOf<never, never>;

type Methods<Port> = {
  readonly [Name in keyof Port as Port[Name] extends (...args: never[]) => Promise<unknown> ? Name : never]: Port[Name] extends (
    ...args: infer Args
  ) => Promise<infer Answer>
    ? MethodOf<Args, Answer>
    : never;
};

/** A call that is answered by messages until one side ends it. */
export type OpenCall = ServerWritableStream<object, Message>;

/** A port that one service has and others ask: the gRPC service of its name in `souk.internal.v1`. */
export interface InternalPort {
  /** Who answers it: `release`; `undefined` where every service has its own. */
  readonly service: string | undefined;
  /** The abstract class, which is the Nest token as well. */
  readonly port: Port;
  /** All of it, by the names of the methods. */
  readonly methods: Readonly<Record<string, Method>>;
  /** What is answered by a stream of messages. */
  readonly streams: Readonly<Record<string, (instance: object, call: OpenCall) => void>>;
}

/** An abstract class that is a port. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-function-type -- the type of abstract classes of any shape
export type Port = Function & { readonly prototype: object };

/** Describes how a port travels: the compiler asks for every method that answers a promise. */
export function internalPort<P extends object>(
  service: string | undefined,
  port: Port & { readonly prototype: P },
  methods: Methods<P>,
  streams: Readonly<Record<string, (instance: P, call: OpenCall) => void>> = {},
): InternalPort {
  return { service, port, methods: methods as never, streams: streams as never };
}

/** The whole request of a method. */
export function writeArgs({ args }: Method, values: readonly unknown[]): Message {
  const parts = args as readonly Part<unknown>[];
  return Object.assign({}, ...parts.map((part, index) => part.write(values[index]))) as Message;
}

export function readArgs({ args }: Method, message: Message): unknown[] {
  return (args as readonly Part<unknown>[]).map((part) => part.read(message));
}

export const writeAnswer = ({ answer }: Method, value: unknown): Message => (answer as Part<unknown>).write(value);
export const readAnswer = ({ answer }: Method, message: Message): unknown => (answer as Part<unknown>).read(message);
