import { Client, credentials, status } from '@grpc/grpc-js';
import { Logger } from '@nestjs/common';
import { AuthorizationQueries, ReleaseCommands, ReleaseQueries, type Snapshot, type VersionView } from '@souk/contracts';
import { DomainError, type Position, type Problem } from '@souk/event-sourcing';
import { isTransient } from '@souk/messaging';
import { ReadModelBehind } from '@souk/read-store';
import { service as healthService } from 'grpc-health-check';
import { currentScope } from '../src/call-scope';
import { NeighbourAway, NeighbourFailed, RemoteDomainError } from '../src/errors';
import { call, TwoSides } from './two-sides';

class VersionInvalid extends DomainError {
  readonly code = 'version-invalid';
  override readonly problems: readonly Problem[] = [
    { code: 'unknown-node', pointer: '/nodes/0', message: 'there is no "größe"' },
  ];
}

const version: VersionView = { versionId: 'v', appId: 'a', providerTenant: 't', number: '1.0.0', status: 'draft' };
const snapshot = { kind: 'Snapshot', configurations: [] } as unknown as Snapshot;

/** Release, as far as a spec says. */
class Versions extends ReleaseQueries {
  asked = 0;
  constructor(private readonly answer: (versionId: string) => Promise<VersionView | undefined> = async () => version) {
    super();
  }
  override version(versionId: string): Promise<VersionView | undefined> {
    this.asked++;
    return this.answer(versionId);
  }
  override async newestReleased(): Promise<undefined> {
    this.asked++;
    return undefined;
  }
  override async snapshot(digest: string): Promise<Snapshot | undefined> {
    this.asked++;
    return digest === 'known' ? snapshot : undefined;
  }
}

/** Something that a spec waits for. */
function signal() {
  let give = (): void => undefined;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { give, given };
}

describe('A call to another service', () => {
  let sides: TwoSides;
  // What a server logs of failures is not looked at here.
  beforeAll(() => Logger.overrideLogger(false));
  afterAll(() => Logger.overrideLogger(['error']));
  beforeEach(() => (sides = new TwoSides()));
  afterEach(() => sides.close());

  const release = async (answer?: (versionId: string) => Promise<VersionView | undefined>) => {
    const versions = new Versions(answer);
    return { versions, server: await sides.serve<ReleaseQueries>([[ReleaseQueries, versions]]) };
  };

  it('answers what the service answers', async () => {
    const { server } = await release();
    const releases = sides.ask(ReleaseQueries, [server.address]);
    expect(releases).toBeInstanceOf(ReleaseQueries);
    expect(await releases.version('v')).toEqual(version);
    expect(await releases.newestReleased('a')).toBeUndefined();
    expect(sides.observed).toContainEqual({ side: 'server', service: 'ReleaseQueries', method: 'version', code: status.OK });
    expect(sides.observed).toContainEqual({ side: 'client', service: 'release', method: 'version', code: status.OK });
  });

  it('of something that never changes is made once it is there', async () => {
    const { versions, server } = await release();
    const releases = sides.ask(ReleaseQueries, [server.address]);
    for (let i = 0; i < 3; i++) expect(await releases.snapshot('known')).toEqual(snapshot);
    expect(versions.asked).toBe(1);
    for (let i = 0; i < 2; i++) expect(await releases.snapshot('unknown')).toBeUndefined();
    expect(versions.asked).toBe(3);
  });

  it('carries the id of the request that caused it, and gives it on', async () => {
    class Trials extends ReleaseCommands {
      override async trialSnapshot(): Promise<string> {
        return String(currentScope()?.requestId);
      }
    }
    const last = await sides.serve<ReleaseCommands>([[ReleaseCommands, new Trials()]]);
    const trials = sides.ask(ReleaseCommands, [last.address]);
    expect(await trials.trialSnapshot('v', call)).toBe('request-1');
    const through = await release(async () => ({
      ...version,
      number: await trials.trialSnapshot('v', { ...call, causationId: 'other' }),
    }));
    const middle = sides.ask(ReleaseQueries, [through.server.address]);
    const outside = await middle.version('v');
    expect(outside?.number).toMatch(/^[0-9a-f-]{36}$/);
  });

  describe('that is refused by the rules', () => {
    it('is refused with the same code, message and problems', async () => {
      const { server } = await release(async () => {
        throw new VersionInvalid('version "1.0.0" has one problem');
      });
      const error: unknown = await sides
        .ask(ReleaseQueries, [server.address])
        .version('v')
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(RemoteDomainError);
      expect(error).toMatchObject({
        code: 'version-invalid',
        message: 'version "1.0.0" has one problem',
        problems: [{ code: 'unknown-node', pointer: '/nodes/0', message: 'there is no "größe"' }],
      });
    });
  });

  describe('that fails', () => {
    it('says so without a word of what went wrong inside', async () => {
      const { server } = await release(async () => {
        throw new Error('the password is "open sesame"');
      });
      const error = await sides
        .ask(ReleaseQueries, [server.address])
        .version('v')
        .catch((thrown: unknown) => thrown as Error);
      expect(error).toBeInstanceOf(NeighbourFailed);
      expect(error).not.toBeInstanceOf(DomainError);
      expect(JSON.stringify([error, (error as Error).message])).not.toContain('sesame');
      expect(error).toMatchObject({ code: 'internal', retryable: false });
    });

    it('for a while is known to be worth another attempt', async () => {
      const { server } = await release(async () => {
        throw new ReadModelBehind('versions', 'wanted' as Position, undefined);
      });
      const error = await sides
        .ask(ReleaseQueries, [server.address])
        .version('v')
        .catch((thrown: unknown) => thrown as Error);
      expect(error).toMatchObject({ code: 'read-model-behind', retryable: true });
      expect(isTransient(error)).toBe(true);
    });

    it('because nobody serves it is no refusal', async () => {
      const { server } = await release();
      const trial = sides.ask(ReleaseCommands, [server.address]).trialSnapshot('v', call);
      await expect(trial).rejects.toMatchObject({ code: 'neighbour-failed', message: expect.stringContaining('UNIMPLEMENTED') });
    });
  });

  describe('that hangs', () => {
    it('ends at its deadline', async () => {
      const hung = signal();
      const { server } = await release(async () => {
        await hung.given;
        return version;
      });
      const releases = sides.ask(ReleaseQueries, [server.address], { deadlineMs: 300 });
      const error = await releases.version('v').catch((thrown: unknown) => thrown as Error);
      hung.give();
      expect(error).toBeInstanceOf(NeighbourAway);
      expect(error).toMatchObject({ code: 'neighbour-away', retryable: true, service: 'release' });
    });

    it('takes no longer than the call that it is made for', async () => {
      const hung = signal();
      const last = await release(async () => {
        await hung.given;
        return version;
      });
      const patient = sides.ask(ReleaseQueries, [last.server.address], { deadlineMs: 600_000 });
      const inner = signal();
      const middle = await release(async () => {
        await expect(patient.version('v')).rejects.toThrow(NeighbourAway);
        inner.give();
        return undefined;
      });
      await expect(sides.ask(ReleaseQueries, [middle.server.address], { deadlineMs: 300 }).version('v')).rejects.toThrow(
        NeighbourAway,
      );
      await inner.given;
      hung.give();
    });
  });

  it('that is made by work which a call has set going, and which goes on after it, has its own time', async () => {
    const asked: string[] = [];
    const { server } = await release(async (versionId) => {
      asked.push(versionId);
      return version;
    });
    const releases = sides.ask(ReleaseQueries, [server.address]);
    const answered = signal();
    let later: Promise<VersionView | undefined> | undefined;
    const middle = await release(async () => {
      later = answered.given.then(() => releases.version(currentScope() ? 'within' : 'after'));
      return undefined;
    });
    await sides.ask(ReleaseQueries, [middle.server.address], { deadlineMs: 1_000 }).version('v');
    answered.give();
    expect(await later).toEqual(version);
    expect(asked).toEqual(['after']);
  });

  describe('to a service that is away', () => {
    it('fails within its deadline', async () => {
      const { server } = await release();
      await server.close();
      const releases = sides.ask(ReleaseQueries, [server.address], { deadlineMs: 300 });
      await expect(releases.version('v')).rejects.toThrow(NeighbourAway);
      expect(sides.observed).toContainEqual({ side: 'client', service: 'release', method: 'version', code: status.UNAVAILABLE });
    });

    it('waits for it to come back', async () => {
      const { server } = await release();
      const releases = sides.ask(ReleaseQueries, [server.address]);
      await releases.version('v');
      await server.close();
      const waiting = releases.version('v');
      await sides.serve<ReleaseQueries>([[ReleaseQueries, new Versions()]], { port: Number(server.address.split(':')[1]) });
      expect(await waiting).toEqual(version);
    });
  });

  describe('to a service with several replicas', () => {
    it('goes to each in turn, and to the others when one is away', async () => {
      const [one, other] = [await release(), await release()];
      const releases = sides.ask(ReleaseQueries, [one.server.address, other.server.address]);
      // Both are connected after a while.
      while (one.versions.asked === 0 || other.versions.asked === 0) await releases.version('v');
      const before = other.versions.asked;
      await one.server.close();
      for (let i = 0; i < 10; i++) expect(await releases.version('v')).toEqual(version);
      expect(other.versions.asked).toBeGreaterThanOrEqual(before + 10);
    });

    it.each(['reset', 'end', 'shutdown'] as const)('is made once more when its replica dies (%s)', async (how) => {
      let hung = 0;
      const reached = signal();
      const hanging = new Versions(() => {
        if (++hung === 2) reached.give();
        return new Promise(() => undefined);
      });
      const dying = await sides.serve<ReleaseQueries>([[ReleaseQueries, hanging]], { drainMs: 0 });
      const way = await sides.wayTo(dying.address);
      const alive = await release();
      const releases = sides.ask(ReleaseQueries, [way.address, alive.server.address]);
      while (hanging.asked === 0 || alive.versions.asked === 0) await releases.newestReleased('a');
      const calls = [1, 2, 3, 4].map(() => releases.version('v'));
      await reached.given;
      if (how === 'shutdown') await dying.close();
      else way.break(how);
      expect(await Promise.all(calls)).toEqual([version, version, version, version]);
    });

    it('is not made once more where it has used something up', async () => {
      let decisions = 0;
      const reached = signal();
      class Decisions extends AuthorizationQueries {
        override decide(): never {
          decisions++;
          reached.give();
          return new Promise(() => undefined) as never;
        }
        override permissionsOf = (): never => undefined as never;
        override credentialOf = (): never => undefined as never;
      }
      const dying = await sides.serve<AuthorizationQueries>([[AuthorizationQueries, new Decisions()]], { drainMs: 0 });
      const decided = sides
        .ask(AuthorizationQueries, [dying.address])
        .decide({ method: 'GET', path: '/', query: {}, headers: {} });
      await reached.given;
      await Promise.all([expect(decided).rejects.toThrow(NeighbourAway), dying.close()]);
      expect(decisions).toBe(1);
    });
  });

  describe('to a service that is asked to end', () => {
    it('has its time to end', async () => {
      const reached = signal();
      const free = signal();
      const { server } = await release(async () => {
        reached.give();
        await free.given;
        return version;
      });
      const answer = sides.ask(ReleaseQueries, [server.address]).version('v');
      await reached.given;
      const closed = server.close();
      free.give();
      expect(await answer).toEqual(version);
      await closed;
    });
  });

  describe('about the health of a process', () => {
    const probe = (address: string) => {
      const client = new Client(address, credentials.createInsecure());
      const { path, requestSerialize, responseDeserialize } = healthService['Check']!;
      const state = new Promise((resolve, reject) => {
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service: '' }, (error, answer) =>
          error ? reject(error) : resolve(answer),
        );
      });
      return state.finally(() => client.close());
    };

    it('needs no token', async () => {
      const { server } = await release();
      expect(await probe(server.address)).toEqual({ status: 'SERVING' });
    });

    it('hears that others should be asked as soon as it is asked to end, while calls are still answered', async () => {
      const { server } = await release();
      sides.ending.begin();
      expect(await probe(server.address)).toEqual({ status: 'NOT_SERVING' });
      expect(await sides.ask(ReleaseQueries, [server.address]).version('v')).toEqual(version);
    });

    it('hears so of one that was asked to end before it had begun', async () => {
      sides.ending.begin();
      const { server } = await release();
      expect(await probe(server.address)).toEqual({ status: 'NOT_SERVING' });
    });

    it('is told of the change where it watches', async () => {
      const { server } = await release();
      const client = new Client(server.address, credentials.createInsecure());
      const { path, requestSerialize, responseDeserialize } = healthService['Watch']!;
      const watch = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {
        service: 'souk.internal.v1.ReleaseQueries',
      });
      watch.on('error', () => undefined);
      const states = watch[Symbol.asyncIterator]();
      expect((await states.next()).value).toEqual({ status: 'SERVING' });
      sides.ending.begin();
      expect((await states.next()).value).toEqual({ status: 'NOT_SERVING' });
      watch.cancel();
      client.close();
    });
  });

  describe('without the token of the installation', () => {
    it.each(['', 'wrong', 'the token of this installation '])('is refused with %j', async (token) => {
      const { server, versions } = await release();
      const call = sides.ask(ReleaseQueries, [server.address], { token }).version('v');
      await expect(call).rejects.toMatchObject({ code: 'neighbour-failed', message: expect.stringContaining('UNAUTHENTICATED') });
      expect(versions.asked).toBe(0);
    });
  });
});
