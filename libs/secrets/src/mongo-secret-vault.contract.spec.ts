import { randomBytes } from 'node:crypto';
import { mongoServers, temporaryDatabase } from '@souk/mongo/testing';
import { secretVaultContract } from '../testing/secret-vault.contract';
import { openMongoSecretVault } from '.';

describe.each(mongoServers().map((server) => ({ name: server.name, server })))('on $name', ({ server }) => {
  beforeAll(() => server.url(), 120_000);
  afterAll(() => server.stop());

  secretVaultContract('MongoSecretVault', async () => {
    const database = await temporaryDatabase(await server.url());
    const masterKeys = [randomBytes(32)];
    const open = async () => openMongoSecretVault({ connection: await database.connect(), masterKeys });
    let vault = await open();
    return {
      get vault() {
        return vault;
      },
      reopen: async () => {
        await vault.close();
        return (vault = await open());
      },
      destroy: async () => {
        await vault.close();
        await database.remove();
      },
    };
  });
});
