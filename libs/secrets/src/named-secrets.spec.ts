import { temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbSecretVault, NamedSecrets } from '.';

describe('Secrets under names of a tenant’s own', () => {
  const folder = temporaryFolder();
  let vault: LmdbSecretVault;
  let secrets: NamedSecrets;
  beforeAll(async () => {
    vault = await LmdbSecretVault.open({ directory: folder.path });
    secrets = new NamedSecrets(vault, { prefix: 'stored/', list: 'stored-names' });
  });
  afterAll(async () => {
    await vault.close();
    folder.remove();
  });

  it('are all there, sorted, when many are put at the same time', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `secret-${String(i).padStart(2, '0')}`);
    await Promise.all([...names].reverse().map((name) => secrets.put('t1', name, `value of ${name}`)));
    expect(await secrets.all('t1')).toEqual(names.map((name) => [name, `value of ${name}`]));
    expect(await secrets.all('t2')).toEqual([]);
  });

  it('are replaced by a second put, and gone after a delete, which may be repeated', async () => {
    await secrets.put('t3', 'a', 'one');
    await secrets.put('t3', 'a', 'two');
    expect(await secrets.all('t3')).toEqual([['a', 'two']]);
    await secrets.delete('t3', 'a');
    await secrets.delete('t3', 'a');
    expect([await secrets.all('t3'), await secrets.get('t3', 'a')]).toEqual([[], undefined]);
  });

  it('are not put where that is not allowed; what is there may be replaced', async () => {
    const none = (names: readonly string[]) => {
      throw new Error(`there are ${names.length}`);
    };
    await secrets.put('t4', 'a', 'one');
    await expect(secrets.put('t4', 'b', 'two', none)).rejects.toThrow('there are 1');
    await secrets.put('t4', 'a', 'three', none);
    expect(await secrets.all('t4')).toEqual([['a', 'three']]);
  });

  it('that a crash left without a value are not told', async () => {
    await secrets.put('t5', 'a', 'one');
    await vault.delete('t5', 'stored/a');
    expect(await secrets.all('t5')).toEqual([]);
  });
});
