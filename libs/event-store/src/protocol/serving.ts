import type { ByteStore } from '../byte-store';
import type { OpenCalls } from './open-calls';
import type { StreamReader } from './stream-reader';
import type { StreamWriter } from './stream-writer';

/** What all calls of one server stand on. */
export interface Serving {
  readonly store: ByteStore;
  readonly reader: StreamReader;
  readonly writer: StreamWriter;
  readonly calls: OpenCalls;
  /** Of all events of one append together. */
  readonly maxAppendBytes: number;
  /** Told of errors that nobody expected. */
  readonly onError: (error: unknown) => void;
}
