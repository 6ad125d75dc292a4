import { randomBytes } from 'node:crypto';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { connectMongo } from '@souk/mongo';
import { type MongoStandIn, startMongoStandIn } from '@souk/mongo/testing';
import { KeyRingUnusable, LmdbSecretVault, type MongoSecretVault, moveVault, openMongoSecretVault, VaultMoveRefused } from '.';

describe('Moving a vault to MongoDB', () => {
  const [oldKey, newKey] = [randomBytes(32), randomBytes(32)] as const;
  const folder = temporaryFolder();
  const vaults: { close(): Promise<void> }[] = [];
  let server: MongoStandIn;
  let n = 0;

  beforeEach(async () => {
    server = await startMongoStandIn();
  });
  afterEach(async () => {
    await Promise.all(vaults.splice(0).map((vault) => vault.close()));
    await server.close();
  });
  afterAll(() => folder.remove());

  const opened = async <T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> => {
    vaults.push(await opening);
    return opening;
  };
  const embedded = (...masterKeys: Buffer[]): Promise<LmdbSecretVault> =>
    opened(LmdbSecretVault.open({ directory: `${folder.path}/${n++}`, masterKeys, keepWrapping: true }));
  const inMongo = async (...masterKeys: Buffer[]): Promise<MongoSecretVault> =>
    opened(openMongoSecretVault({ connection: await connectMongo({ url: server.url, database: 'vault' }), masterKeys }));

  it('keeps every secret, derived, sealed or put; what was destroyed stays so', async () => {
    const source = await embedded(oldKey);
    await source.installationKey('tokens', 32);
    await source.put('ten_1', 'kubeconfig', 'k');
    await source.put('ten_2', 'password', 'p');
    await source.destroyTenantKey('ten_2');
    const sealed = await source.seal('ten_1', 'Ada', 'name');
    const target = await inMongo(oldKey);
    expect(await moveVault(source, target)).toEqual({ tenants: 2, values: 1 });
    expect(await target.get('ten_1', 'kubeconfig')).toBe('k');
    expect(await target.unseal('ten_1', sealed, 'name')).toBe('Ada');
    expect(await target.unseal('ten_2', sealed, 'name')).toBeUndefined();
    for (const derive of [
      (vault: typeof source | typeof target) => vault.derive('ten_1', 'secret', 'a', 1, 32),
      (vault: typeof source | typeof target) => vault.installationKey('tokens', 32),
    ])
      expect(await derive(target)).toEqual(await derive(source));
    expect(await moveVault(source, target)).toEqual({ tenants: 2, values: 1 });
  });

  it('needs the new master key alone afterwards, and leaves the source as it was', async () => {
    const directory = `${folder.path}/${n++}`;
    const before = await LmdbSecretVault.open({ directory, masterKeys: [oldKey] });
    await before.put('ten_1', 'kubeconfig', 'k');
    await before.close();
    const source = await LmdbSecretVault.open({ directory, masterKeys: [newKey, oldKey], keepWrapping: true });
    await moveVault(source, await inMongo(newKey));
    await source.close();
    expect(await (await inMongo(newKey)).get('ten_1', 'kubeconfig')).toBe('k');
    await expect(inMongo(oldKey)).rejects.toThrow(KeyRingUnusable);
    const after = await opened(LmdbSecretVault.open({ directory, masterKeys: [oldKey] }));
    expect(await after.get('ten_1', 'kubeconfig')).toBe('k');
  });

  it('is refused where the target is that of another installation, or has gone on', async () => {
    const [source, other] = [await embedded(oldKey), await embedded(oldKey)];
    for (const vault of [source, other]) await vault.installationKey('tokens', 32);
    await source.put('ten_1', 'kubeconfig', 'k');
    const target = await inMongo(oldKey);
    await moveVault(source, target);
    await expect(moveVault(other, target)).rejects.toThrow(VaultMoveRefused);
    await target.put('ten_1', 'kubeconfig', 'newer');
    await expect(moveVault(source, target)).rejects.toThrow('another value of "kubeconfig"');
    expect(await target.get('ten_1', 'kubeconfig')).toBe('newer');
  });
});
