import { createHash } from 'node:crypto';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { CommandHandler } from '@souk/event-sourcing';
import { Clock, type Principal, type TokenAuthority, TokenVerifier, Unauthenticated, type VerifiedToken } from '@souk/platform';
import { LRUCache } from 'lru-cache';
import { userAggregate } from '../domain/user.decide';
import { IdentityWatch } from './identity-watch';
import { TokenCodec } from './token-codec.port';

/** Tokens that were verified and are kept in memory, by their SHA-256. */
const MAX_VERIFIED = 10_000;

/**
 * Bearer tokens of platform users. A token that was seen before costs one hash. Law: what was verified is dropped as soon as anything
 * happened to its user, in whichever process, so that a disabled user or a revoked token is refused at once. While nobody tells of that, nothing
 * is kept.
 */
@Injectable()
export class AccessTokenVerifier extends TokenVerifier implements TokenAuthority, OnModuleDestroy {
  private readonly verified = new LRUCache<string, VerifiedToken>({ max: MAX_VERIFIED });
  private readonly watchers = new Set<(userIds: readonly string[]) => void>();
  /** Counts what happened to users: a token that was verified across such a moment is not kept. */
  private moments = 0;
  private readonly stopListening: () => void;

  constructor(
    private readonly codec: TokenCodec,
    private readonly commands: CommandHandler,
    private readonly clock: Clock,
    private readonly watch: IdentityWatch,
  ) {
    super();
    this.stopListening = watch.listen({
      changed: ({ userIds }) => {
        if (userIds.length > 0) this.forget(userIds);
      },
      unsure: () => this.forgetAll(),
    });
  }

  onModuleDestroy(): void {
    this.stopListening();
  }

  override async verify(token: string): Promise<Principal> {
    const digest = createHash('sha256').update(token).digest('base64');
    const verified = this.verified.get(digest) ?? (await this.remember(digest, token));
    if (!verified || verified.expiresAt <= this.clock.now().getTime()) throw new Unauthenticated();
    return verified.principal;
  }

  async verifyAnew(token: string): Promise<VerifiedToken> {
    const verified = await this.read(token);
    if (!verified || verified.expiresAt <= this.clock.now().getTime()) throw new Unauthenticated();
    return verified;
  }

  watchUsers(listener: (userIds: readonly string[]) => void): () => void {
    // A function of its own, so that a listener can listen twice.
    const watcher = (userIds: readonly string[]) => listener(userIds);
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  get isTelling(): boolean {
    return this.watch.isTelling;
  }

  /** The tokens of these users are verified anew, from the events themselves. */
  forget(userIds: readonly string[]): void {
    this.moments++;
    const users = new Set(userIds);
    for (const [digest, { principal }] of this.verified.entries()) if (users.has(principal.user)) this.verified.delete(digest);
    for (const watcher of this.watchers) watcher(userIds);
  }

  private forgetAll(): void {
    this.moments++;
    this.verified.clear();
  }

  private async remember(digest: string, token: string): Promise<VerifiedToken | undefined> {
    const { moments } = this;
    const verified = await this.read(token);
    if (verified && moments === this.moments && this.watch.isTelling) this.verified.set(digest, verified);
    return verified;
  }

  private async read(token: string): Promise<VerifiedToken | undefined> {
    const claims = await this.codec.decode(token);
    if (!claims) return undefined;
    const { tenant, user, role, tokenId } = claims;
    const { state } = await this.commands.load(userAggregate, user);
    // Signed by us, but not on record: of a store that was replaced by an older one.
    if (state.status !== 'active' || state.tokens.get(tokenId)?.revoked !== false) return undefined;
    return { principal: { tenant, user, role, tokenId }, expiresAt: claims.expiresAt * 1000 };
  }
}
