import { AccessDeniedError, EventStoreDBClient } from '@eventstore/db-client';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb';
import { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import { credentials as channel, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { collect, temporaryFolder } from '@souk/event-sourcing/testing';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LmdbEventStore, type RunningEventStoreDbServer, serveEventStoreDb } from '..';
import { sampleJson } from '../../test/official-client';
import type { EventStoreDbServerOptions } from './server-options';

describe('EventStoreDB protocol: who may do what', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let store: LmdbEventStore;
  let server: RunningEventStoreDbServer;
  const clients: EventStoreDBClient[] = [];
  const serve = async (options: Omit<EventStoreDbServerOptions, 'store'>): Promise<EventStoreDBClient> => {
    server = await serveEventStoreDb({ port: 0, ...options, store });
    return connect(server.connectionString);
  };
  const connect = (connectionString: string): EventStoreDBClient => {
    const client = EventStoreDBClient.connectionString(connectionString);
    clients.push(client);
    return client;
  };
  beforeEach(async () => {
    folder = temporaryFolder();
    store = await LmdbEventStore.open({ directory: folder.path });
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.dispose()));
    await server.close();
    await store.close();
    folder.remove();
  });

  const credentials = { username: 'souk', password: 'a pass:word' };
  const one = { username: 'x', password: 'y' };

  it.each([
    ['without a word about it', {}],
    ['when told so', { readOnly: true, insecure: true }],
  ])('nobody writes, %s; everyone reads', async (_name, options) => {
    const client = await serve(options);
    await expect(client.appendToStream('app-1', sampleJson(1))).rejects.toThrow(AccessDeniedError);
    await expect(client.appendToStream('app-1', sampleJson(1), { credentials: one })).rejects.toThrow(AccessDeniedError);
    await expect(client.deleteStream('app-1')).rejects.toThrow(AccessDeniedError);
    await expect(client.tombstoneStream('app-1')).rejects.toThrow(AccessDeniedError);
    expect(await collect(client.readAll())).toEqual([]);
  });

  /** Reads as a client does that sends credentials in the clear. */
  const readAs = async (authorization: string | undefined): Promise<number> => {
    const options = new ReadReq.Options();
    const all = new ReadReq.Options.AllOptions();
    all.setStart(new Empty());
    options.setAll(all);
    options.setCount('10');
    const request = new ReadReq();
    request.setOptions(options);
    const metadata = new Metadata();
    if (authorization !== undefined) metadata.set('authorization', authorization);
    const streams = new StreamsClient(`127.0.0.1:${server.port}`, channel.createInsecure());
    try {
      await collect(streams.read(request, metadata));
      return status.OK;
    } catch (error) {
      return (error as ServiceError).code;
    } finally {
      streams.close();
    }
  };
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

  it.each([
    ['nobody', undefined, status.PERMISSION_DENIED],
    ['the one who knows them', basic('souk:a pass:word'), status.OK],
    ['a wrong password', basic('souk:a pass'), status.UNAUTHENTICATED],
    ['a wrong name', basic('soup:a pass:word'), status.UNAUTHENTICATED],
    ['another scheme', 'Bearer souk', status.UNAUTHENTICATED],
  ])('credentials are asked of everyone: %s', async (_name, authorization, code) => {
    await serve({ credentials });
    expect(await readAs(authorization)).toBe(code);
  });

  const opensslIsHere = ((): boolean => {
    try {
      execFileSync('openssl', ['version']);
      return true;
    } catch {
      return false;
    }
  })();
  if (!opensslIsHere) console.info('not run: official client over TLS, since openssl is not here to make a certificate');

  (opensslIsHere ? it : it.skip)('the official client writes over TLS, with the right credentials only', async () => {
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder.path, name)) as [string, string];
    execFileSync('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', cert],
    ]);
    await serve({ credentials, tls: { certificate: readFileSync(cert), key: readFileSync(key) } });
    const secure = (who: string) => connect(`esdb://${who}localhost:${server.port}?tls=true&tlsCAFile=${cert}`);
    const known = secure('');
    expect(await known.appendToStream('app-1', sampleJson(2), { credentials })).toMatchObject({ success: true });
    expect(await collect(known.readStream('app-1', { credentials }))).toHaveLength(2);
    await expect(known.appendToStream('app-1', sampleJson(1))).rejects.toThrow(AccessDeniedError);
    await expect(collect(known.readStream('app-1', { credentials: one }))).rejects.toThrow(AccessDeniedError);
    await expect(secure('souk:wrong@').appendToStream('app-1', sampleJson(1))).rejects.toThrow(AccessDeniedError);
    expect(store.stats().events).toBe(2);
  });
});
