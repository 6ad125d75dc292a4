import { createHash, timingSafeEqual } from 'node:crypto';
import { type Metadata, ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import type { SecretVault } from '@souk/secrets';

/** What services show each other: it follows from the master keys, so all processes of an installation have it, and nobody else. */
export async function rpcTokenOf(vault: SecretVault): Promise<string> {
  return (await vault.installationKey('rpc', 32)).toString('base64url');
}

export const AUTHORIZATION = 'authorization';

/** Refuses calls without the token before a byte of their message is read. Health is for probes, which have none. */
export function tokenInterceptor(token: string): ServerInterceptor {
  const expected = digestOf(`Bearer ${token}`);
  return ({ path }, call) =>
    new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata: Metadata, proceed) => {
            const [given] = metadata.get(AUTHORIZATION);
            if (path.startsWith('/grpc.health.v1.') || timingSafeEqual(digestOf(String(given)), expected)) proceed(metadata);
            else call.sendStatus({ code: status.UNAUTHENTICATED, details: 'a token of this installation is needed' });
          },
        });
      },
    });
}

/** Of one length whatever is given, so that the comparison takes one time. */
const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();
