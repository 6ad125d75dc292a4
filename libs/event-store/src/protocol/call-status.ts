import { type ServiceError, status } from '@grpc/grpc-js';
import { InvalidName } from '../record';
import { InvalidRequest, ProtocolError } from './protocol-errors';

/** What a client is told of an error; `onError` is told of one that nobody expected. Its words may name data: they stay here. */
export function statusOf(error: unknown, onError: (error: unknown) => void): Partial<ServiceError> {
  const { code, details, metadata } = expected(error) ?? unexpected(error, onError);
  return { code, details, metadata };
}

/** The error as the protocol knows it; `undefined` for one that nobody expected. */
export function expected(error: unknown): ProtocolError | undefined {
  if (error instanceof ProtocolError) return error;
  if (error instanceof InvalidName) return new InvalidRequest(error.message);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'insufficient-storage') return new ProtocolError(status.RESOURCE_EXHAUSTED, 'The disk of the server is full.');
  if (code === 'storage-closed') return new ProtocolError(status.UNAVAILABLE, 'Server Is Not Ready');
  return undefined;
}

function unexpected(error: unknown, onError: (error: unknown) => void): ProtocolError {
  onError(error);
  return new ProtocolError(status.UNKNOWN, 'Unexpected exception in the server.');
}
