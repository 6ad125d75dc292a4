import type { Metadata } from '@grpc/grpc-js';
import { createHash, timingSafeEqual } from 'node:crypto';
import { AccessDenied, NotAuthenticated } from './protocol-errors';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface AccessOptions {
  /** Asked of everyone. The official clients send them over TLS only. */
  readonly credentials?: Credentials | undefined;
  /** Everyone who reaches the server may write. */
  readonly insecure?: boolean | undefined;
  /** Nobody may write. */
  readonly readOnly?: boolean | undefined;
}

/** Who may do what: without credentials everyone may read and nobody write, unless the server was told that it is insecure. */
export class Access {
  private readonly expected: Buffer | undefined;
  private readonly writable: boolean;

  constructor({ credentials, insecure = false, readOnly = false }: AccessOptions) {
    this.expected = credentials && digest(`${credentials.username}:${credentials.password}`);
    this.writable = !readOnly && (credentials !== undefined || insecure);
  }

  /** @throws AccessDenied, NotAuthenticated */
  assertMayRead(metadata: Metadata): void {
    if (!this.expected) return;
    const [header] = metadata.get('authorization');
    if (header === undefined) throw new AccessDenied();
    const [, encoded] = /^basic ([a-z0-9+/=]+)$/i.exec(String(header)) ?? [];
    if (encoded === undefined || !timingSafeEqual(digest(Buffer.from(encoded, 'base64').toString()), this.expected))
      throw new NotAuthenticated();
  }

  /** @throws AccessDenied, NotAuthenticated */
  assertMayWrite(metadata: Metadata): void {
    this.assertMayRead(metadata);
    if (!this.writable) throw new AccessDenied();
  }

  /** Whether someone who may read may write. */
  get mayWrite(): boolean {
    return this.writable;
  }
}

/** All of one length, so that a comparison tells nothing. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
