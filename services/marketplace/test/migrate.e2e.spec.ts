import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { comparePositions } from '@souk/event-sourcing';
import { EventRecorder, everything, idsOf, requestedEvents, sampleEvents, temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore, openEventStoreDb } from '@souk/event-store';
import { type ProtocolServer, startProtocolServer } from '@souk/event-store/testing';
import { connectMongo } from '@souk/mongo';
import { startMongoStandIn } from '@souk/mongo/testing';
import { LmdbSecretVault, openMongoSecretVault } from '@souk/secrets';

const MIGRATE = join(__dirname, '../../../scripts/migrate.mjs');

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly printed: string }>;
}

const migrating = (...args: string[]): Run => migratingWith({}, ...args);

function migratingWith(environment: Record<string, string>, ...args: string[]): Run {
  const child = spawn(process.execPath, [MIGRATE, ...args], { env: { ...process.env, ...environment } });
  let printed = '';
  const read = (chunk: Buffer) => (printed += chunk.toString());
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  return { child, ended: new Promise((resolve) => child.once('close', (code) => resolve({ code, printed }))) };
}

describe('npm run migrate', () => {
  jest.setTimeout(120_000);
  const folder = temporaryFolder();
  const open = (): Promise<LmdbEventStore> => LmdbEventStore.open({ directory: join(folder.path, 'events') });
  let server: ProtocolServer;
  let events: readonly string[];

  beforeAll(async () => {
    server = await startProtocolServer();
    const source = await open();
    for (let i = 0; i < 60; i++)
      await Promise.all(Array.from({ length: 100 }, (_, s) => source.append(`app-${s}`, 'any', requestedEvents(1 + (i % 2)))));
    events = idsOf(await everything(source));
    await source.close();
  });
  afterAll(async () => {
    await server.close();
    folder.remove();
  });
  const migrate = (): Run => migrating('--from', folder.path, '--to', server.connectionString);

  it('does not touch the data of a marketplace that runs', async () => {
    const running = await open();
    const { code, printed } = await migrate().ended;
    await running.close();
    expect(code).toBe(1);
    expect(printed).toContain('in use by process');
  });

  it('goes on after kill -9, and ends with both sides the same', async () => {
    const target = await openEventStoreDb({ connectionString: server.connectionString });
    const arriving = new EventRecorder();
    target.subscribe({}, arriving);
    const first = migrate();
    await arriving.got(500);
    first.child.kill('SIGKILL');
    expect((await first.ended).code).toBeNull();
    const { code, printed } = await migrate().ended;
    expect(printed).toContain(`compared ${events.length} events in 100 streams: the same on both sides`);
    expect(code).toBe(0);
    await arriving.got(events.length);
    expect([...idsOf(arriving.events)].sort()).toEqual([...events].sort());
    expect(arriving.trace.toSorted(comparePositions)).toEqual(arriving.trace);
    await target.close();
  });

  it('has nothing to do when it is run again', async () => {
    const { code, printed } = await migrate().ended;
    expect(printed).toContain('nothing to do');
    expect(code).toBe(0);
  });

  it('brings the vault to MongoDB, under the master keys of the new installation', async () => {
    const mongo = await startMongoStandIn();
    const masterKey = randomBytes(32);
    const before = await LmdbSecretVault.open({ directory: join(folder.path, 'vault') });
    await before.put('ten_1', 'kubeconfig', 'k');
    await before.close();
    const run = (environment: Record<string, string>): Run['ended'] =>
      migratingWith(environment, '--from', folder.path, '--to', server.connectionString, '--vault', mongo.url).ended;
    expect(await run({})).toMatchObject({ code: 2, printed: expect.stringContaining('SOUK_MASTER_KEYS is missing') });
    const { code, printed } = await run({ SOUK_MASTER_KEYS: masterKey.toString('base64'), SOUK_READ_STORE_PREFIX: 'shop' });
    expect(printed).toContain('keys of 1 tenants and 1 values are the same on both sides');
    expect(code).toBe(0);
    const connection = await connectMongo({ url: mongo.url, database: 'shop_vault' });
    const after = await openMongoSecretVault({ connection, masterKeys: [masterKey] });
    expect(await after.get('ten_1', 'kubeconfig')).toBe('k');
    await after.close();
    await mongo.close();
  });

  it('takes no target that is in use', async () => {
    const target = await openEventStoreDb({ connectionString: server.connectionString });
    await target.append('app-0', 'any', sampleEvents(1));
    await target.close();
    const { code, printed } = await migrate().ended;
    expect(code).toBe(1);
    expect(printed).toContain('events of its own');
  });

  it.each([
    [['--to', 'esdb://admin:s3cret@127.0.0.1?nonsense=1'], 1, 'no option "nonsense"'],
    [['--to', 'esdb://127.0.0.1?tls=false', '--from', '/nowhere'], 1, 'holds no data'],
    [['--from', '/nowhere'], 2, '--to is missing'],
    [['--form', '/nowhere'], 2, 'Usage'],
  ])('says what is wrong with %j', async (args, expected, problem) => {
    const { code, printed } = await migrating('--from', folder.path, ...args).ended;
    expect(printed).toContain(problem);
    expect(printed).not.toContain('s3cret');
    expect(code).toBe(expected);
  });
});
