import { Clock, type Principal, TokenAuthority, Unauthenticated, type VerifiedToken } from '@souk/platform';
import { NeighbourAway } from '../src/errors';
import { RemoteTokenVerifier } from '../src/remote-token-verifier';
import { TwoSides, until } from './two-sides';

/** Authorization, as far as tokens go: a token is `<user>.<number>`. */
class Tokens extends TokenAuthority {
  asked = 0;
  isTelling = true;
  expiresAt = 2 ** 45;
  readonly revoked = new Set<string>();
  private readonly watchers = new Set<(userIds: readonly string[]) => void>();
  /** Called while a token is being verified, after it was found to be valid. */
  whileVerifying = async (): Promise<void> => undefined;

  override async verifyAnew(token: string): Promise<VerifiedToken> {
    this.asked++;
    const [user] = token.split('.');
    if (!user || this.revoked.has(token)) throw new Unauthenticated();
    await this.whileVerifying();
    return { principal: { tenant: 'ten', user, role: 'buyer', tokenId: token }, expiresAt: this.expiresAt };
  }
  override watchUsers(watcher: (userIds: readonly string[]) => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }
  get watcherCount(): number {
    return this.watchers.size;
  }
  revoke(token: string): void {
    this.revoked.add(token);
    for (const watcher of this.watchers) watcher([token.split('.')[0]!]);
  }
}

class TestClock extends Clock {
  time = Date.parse('2026-01-01T12:00:00Z');
  override now(): Date {
    return new Date(this.time);
  }
}

const ada: Principal = { tenant: 'ten', user: 'ada', role: 'buyer', tokenId: 'ada.1' };

describe('A bearer token, where authorization is another process', () => {
  let sides: TwoSides;
  let tokens: Tokens;
  let address: string;
  let verifier: RemoteTokenVerifier;
  const clock = new TestClock();

  const start = (at: string, deadlineMs = 10_000) => {
    const authority = sides.ask(TokenAuthority, [at], { deadlineMs });
    const started = new RemoteTokenVerifier(authority, sides.neighbour([at], { deadlineMs }), clock);
    started.onApplicationBootstrap();
    return started;
  };
  const isRefused = (token: string) =>
    verifier.verify(token).then(
      () => false,
      (error: unknown) => error instanceof Unauthenticated,
    );

  beforeEach(async () => {
    sides = new TwoSides();
    tokens = new Tokens();
    ({ address } = await sides.serve<TokenAuthority>([[TokenAuthority, tokens]]));
    verifier = start(address);
    await until(() => verifier.isWatching);
  });
  afterEach(async () => {
    await verifier.onApplicationShutdown();
    await sides.close();
  });

  it('says who its holder is, and is asked for once', async () => {
    for (let i = 0; i < 3; i++) expect(await verifier.verify('ada.1')).toEqual(ada);
    expect(tokens.asked).toBe(1);
  });

  it('that does not hold is refused as it would be there, each time', async () => {
    tokens.revoked.add('ada.1');
    for (let i = 0; i < 2; i++) await expect(verifier.verify('ada.1')).rejects.toThrow(Unauthenticated);
    expect(tokens.asked).toBe(2);
  });

  it('is refused everywhere as soon as its revocation is heard of', async () => {
    const elsewhere = start(address);
    await until(() => elsewhere.isWatching);
    for (const one of [verifier, elsewhere]) await one.verify('ada.1');
    await verifier.verify('bob.1');
    tokens.revoke('ada.1');
    await until(() => isRefused('ada.1'));
    await until(() =>
      elsewhere.verify('ada.1').then(
        () => false,
        () => true,
      ),
    );
    const { asked } = tokens;
    await verifier.verify('bob.1');
    expect(tokens.asked).toBe(asked);
    await elsewhere.onApplicationShutdown();
  });

  it('whose user is heard of while it is verified is not kept', async () => {
    tokens.whileVerifying = async () => {
      tokens.whileVerifying = async () => undefined;
      tokens.revoke('ada.1');
      // Told before it is answered: one connection, in order.
      await verifier.verify('bob.1');
    };
    await verifier.verify('ada.1');
    await until(() => isRefused('ada.1'));
  });

  it('is refused from the moment it expires, also when it was seen before', async () => {
    tokens.expiresAt = clock.time + 60_000;
    await verifier.verify('ada.1');
    clock.time += 59_999;
    expect(await verifier.verify('ada.1')).toEqual(ada);
    clock.time += 1;
    await expect(verifier.verify('ada.1')).rejects.toThrow(Unauthenticated);
  });

  describe('while nobody tells of revocations', () => {
    it('is asked for each time', async () => {
      await verifier.onApplicationShutdown();
      const way = await sides.wayTo(address);
      const listening = new RemoteTokenVerifier(sides.ask(TokenAuthority, [address]), sides.neighbour([way.address]), clock);
      listening.onApplicationBootstrap();
      await until(() => listening.isWatching);
      await listening.verify('ada.1');
      const { asked } = tokens;
      way.break();
      await until(() => !listening.isWatching);
      for (let i = 1; i <= 3; i++) {
        await listening.verify('ada.1');
        expect(tokens.asked).toBe(asked + i);
      }
      await listening.onApplicationShutdown();
    });

    it('since the network has fallen silent, is asked for before long', async () => {
      await verifier.onApplicationShutdown();
      const way = await sides.wayTo(address);
      verifier = new RemoteTokenVerifier(sides.ask(TokenAuthority, [address]), sides.neighbour([way.address]), clock);
      verifier.onApplicationBootstrap();
      await until(() => verifier.isWatching);
      await verifier.verify('ada.1');
      way.fallSilent();
      tokens.revoke('ada.1');
      await until(() => isRefused('ada.1'));
      expect(verifier.isWatching).toBe(false);
    });

    it('since authorization does not hear of them itself, is asked for before long', async () => {
      await verifier.verify('ada.1');
      tokens.isTelling = false;
      tokens.revoked.add('ada.1');
      await until(() => isRefused('ada.1'));
      tokens.isTelling = true;
      await until(() => verifier.isWatching);
    });

    it('and nobody answers is neither taken nor refused', async () => {
      const way = await sides.wayTo(address);
      const alone = start(way.address, 300);
      await until(() => alone.isWatching);
      await alone.verify('ada.1');
      way.break('end');
      await until(() => !alone.isWatching);
      await expect(alone.verify('ada.1')).rejects.toThrow(NeighbourAway);
      await alone.onApplicationShutdown();
    });

    it('is asked for until the server is back', async () => {
      await verifier.onApplicationShutdown();
      const first = await sides.serve<TokenAuthority>([[TokenAuthority, tokens]]);
      const port = Number(first.address.split(':')[1]);
      verifier = start(first.address);
      await until(() => verifier.isWatching);
      await verifier.verify('ada.1');
      await first.close();
      await until(() => !verifier.isWatching);
      tokens.revoke('ada.1');
      await sides.serve<TokenAuthority>([[TokenAuthority, tokens]], { port });
      await until(() => verifier.isWatching);
      expect(await isRefused('ada.1')).toBe(true);
    });
  });

  it('leaves nobody listening when its process ends', async () => {
    await verifier.onApplicationShutdown();
    await until(() => tokens.watcherCount === 0);
  });
});
