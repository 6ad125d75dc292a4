import { createHash } from 'node:crypto';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import {
  type Clock,
  type Principal,
  type TokenAuthority,
  TokenVerifier,
  Unauthenticated,
  type VerifiedToken,
} from '@souk/platform';
import { LRUCache } from 'lru-cache';
import { RemoteDomainError } from './errors';
import type { Neighbour } from './neighbour';
import { UserWatch } from './user-watch';

/** Tokens that were verified and are kept in memory, by their SHA-256. */
const MAX_VERIFIED = 10_000;

/**
 * Bearer tokens, as authorization knows them. An answer is kept, not longer than the token holds, while it would be heard if something
 * happened to its user; whatever is unsure is asked again. Law: a token that was revoked is refused as soon as that was heard here, and
 * where nothing can be heard, at once.
 */
export class RemoteTokenVerifier extends TokenVerifier implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly verified = new LRUCache<string, VerifiedToken>({ max: MAX_VERIFIED });
  /** Counts what was heard and missed: a token that was verified across such a moment is not kept. */
  private moments = 0;
  private watch: UserWatch | undefined;

  constructor(
    private readonly authority: Pick<TokenAuthority, 'verifyAnew'>,
    private readonly authorization: Neighbour,
    private readonly clock: Clock,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    this.watch ??= new UserWatch(
      this.authorization,
      (userIds) => this.forget(userIds),
      () => this.forgetAll(),
    );
  }

  async onApplicationShutdown(): Promise<void> {
    await this.watch?.stop();
  }

  /** Whether answers are kept: somebody tells of users to whom something happens. */
  get isWatching(): boolean {
    return this.watch?.isLive ?? false;
  }

  override async verify(token: string): Promise<Principal> {
    const digest = createHash('sha256').update(token).digest('base64');
    const known = this.isWatching ? this.verified.get(digest) : undefined;
    const { principal, expiresAt } = known ?? (await this.ask(token, digest));
    if (expiresAt <= this.clock.now().getTime()) throw new Unauthenticated();
    return principal;
  }

  private async ask(token: string, digest: string): Promise<VerifiedToken> {
    const { moments } = this;
    const verified = await this.authority.verifyAnew(token).catch((error: unknown) => {
      throw error instanceof RemoteDomainError && error.code === new Unauthenticated().code ? new Unauthenticated() : error;
    });
    if (this.isWatching && moments === this.moments) this.verified.set(digest, verified);
    return verified;
  }

  private forget(userIds: readonly string[]): void {
    this.moments++;
    const users = new Set(userIds);
    for (const [digest, { principal }] of this.verified.entries()) if (users.has(principal.user)) this.verified.delete(digest);
  }

  private forgetAll(): void {
    this.moments++;
    this.verified.clear();
  }
}
