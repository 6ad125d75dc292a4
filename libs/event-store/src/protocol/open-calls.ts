import { status } from '@grpc/grpc-js';
import { ProtocolError } from './protocol-errors';

/** A call that goes on until the client, or the server, has enough. */
export interface OpenCall {
  /** Ends it with that error, once what is under way is done. */
  stop(error: ProtocolError): void;
}

/** All calls that go on: when the server closes, their clients are told to come again. */
export class OpenCalls {
  private readonly calls = new Set<OpenCall>();

  add(call: OpenCall): void {
    this.calls.add(call);
  }

  delete(call: OpenCall): void {
    this.calls.delete(call);
  }

  stopAll(): void {
    const error = new ProtocolError(status.UNAVAILABLE, 'Server Is Not Ready');
    for (const call of this.calls) call.stop(error);
  }
}
