import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { derivedId, type SignedRequest } from '@souk/contracts';
import { CodedEventStore, type CommandContext, CommandHandler } from '@souk/event-sourcing';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import { Clock } from '@souk/platform';
import { LmdbReadStore, ProjectionRunner } from '@souk/read-store';
import { LmdbSecretVault, RegistryEventCodec } from '@souk/secrets';
import { JoseTokenCodec } from '../src/adapters/jose-token-codec';
import { AccessTokenVerifier } from '../src/application/access-token-verifier';
import { AppKeys } from '../src/application/app-keys';
import { Bootstrap } from '../src/application/bootstrap';
import { Credentials } from '../src/application/credentials';
import { IdentityWatch } from '../src/application/identity-watch';
import { NonceRegister } from '../src/application/nonce-register';
import { RequestVerifier } from '../src/application/request-verifier';
import { Users } from '../src/application/users';
import { authorization } from '../src/authorization.module';
import { readSignedRequest, signatureOf } from '../src/domain/signature';
import { credentialsProjection } from '../src/projections/credentials.projection';

/** A clock that stands until it is set. */
export class TestClock extends Clock {
  constructor(public time: number) {
    super();
  }
  override now(): Date {
    return new Date(this.time);
  }
}

/** The application layer of the service on the embedded adapters, in a temporary folder. */
export class World {
  readonly clock = new TestClock(Date.parse('2026-01-01T12:00:00Z'));
  readonly folder = temporaryFolder();
  store: LmdbEventStore;
  reads: LmdbReadStore;
  vault: LmdbSecretVault;
  runner: ProjectionRunner;
  commands: CommandHandler;
  watch: IdentityWatch;
  keys: AppKeys;
  credentials: Credentials;
  verifier: RequestVerifier;
  codec: JoseTokenCodec;
  tokens: AccessTokenVerifier;
  users: Users;
  bootstrap: Bootstrap;

  static async open(): Promise<World> {
    const world = new World();
    await world.start();
    return world;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async close(): Promise<void> {
    await this.stop();
    this.folder.remove();
  }

  /** A request of an instance, as a gateway hands it over; the signature is right unless headers say otherwise. */
  sign(
    { appKey, appSecret }: { readonly appKey: string; readonly appSecret: string },
    { method = 'GET', path = '/open/v1/instance', query = {}, headers = {}, body = '' } = {},
  ): SignedRequest {
    const bodySha256 = createHash('sha256').update(body).digest('base64');
    const unsigned: SignedRequest = {
      method,
      path,
      query,
      headers: {
        accept: 'application/json',
        ...(body && { 'content-digest': `sha-256=:${bodySha256}:` }),
        'x-ca-key': appKey,
        'x-ca-timestamp': String(this.clock.time),
        'x-ca-nonce': randomUUID(),
        'x-ca-signature-headers': 'x-ca-key,x-ca-nonce,x-ca-timestamp',
        'x-ca-signature': '-',
        ...headers,
      },
      ...(body && { bodySha256 }),
    };
    const read = readSignedRequest(unsigned);
    if (!read.wellFormed) throw new Error(read.detail);
    return {
      ...unsigned,
      headers: { ...unsigned.headers, 'x-ca-signature': signatureOf(read.stringToSign, appSecret), ...headers },
    };
  }

  /** An instance with these grants, and what it signs with. */
  async instance(
    apis: readonly string[],
    ownerTenant = 'ten_b',
  ): Promise<{ instanceId: string; appKey: string; appSecret: string }> {
    const instanceId = derivedId('instance', randomUUID());
    const input = { instanceId, appId: 'app', ownerTenant, providerTenant: 'ten_p', grants: { apis, dataModels: [] } };
    const { appKey } = await this.credentials.create(input, callOf());
    return { instanceId, appKey, appSecret: await this.credentials.appSecret(instanceId) };
  }

  private async start(): Promise<void> {
    this.store = await LmdbEventStore.open({ directory: join(this.folder.path, 'events') });
    this.reads = await LmdbReadStore.open({ directory: join(this.folder.path, 'reads'), signingKey: Buffer.alloc(32, 1) });
    this.vault = await LmdbSecretVault.open({ directory: join(this.folder.path, 'vault') });
    const coded = new CodedEventStore(this.store, new RegistryEventCodec(this.vault, authorization.aggregates as never));
    const commands = new CommandHandler(coded);
    this.commands = commands;
    this.watch = new IdentityWatch(coded);
    await this.watch.onModuleInit();
    this.runner = new ProjectionRunner(coded, this.reads, authorization.projections as never);
    await this.runner.start();
    const credentials = this.runner.readModel(credentialsProjection);
    this.keys = new AppKeys(credentials, this.vault, commands, this.watch);
    this.credentials = new Credentials(commands, this.vault, this.keys, this.clock, credentials);
    this.verifier = new RequestVerifier(this.keys, new NonceRegister(this.reads), this.clock);
    this.codec = new JoseTokenCodec(this.vault);
    this.tokens = new AccessTokenVerifier(this.codec, commands, this.clock, this.watch);
    this.users = new Users(commands, this.codec, this.tokens, this.clock);
    this.bootstrap = new Bootstrap(this.users, commands);
  }

  private async stop(): Promise<void> {
    this.keys.onModuleDestroy();
    this.tokens.onModuleDestroy();
    await this.watch.onModuleDestroy();
    await this.runner.stop();
    await this.store.close();
    await this.reads.close();
    await this.vault.close();
  }
}

/** The context of a command; the same id again is the same command. */
export function callOf(commandId: string = randomUUID()): CommandContext {
  return { commandId, correlationId: commandId, causationId: commandId, actor: { kind: 'system', id: 'test' } };
}
