import { temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbSecretVault } from '@souk/secrets';
import { LOG_TOKEN_VERSION } from '../../domain/render/render-instance';
import { instanceIn, LogTokens } from './log-tokens';

describe('Log tokens', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let vault: LmdbSecretVault;
  let tokens: LogTokens;
  beforeAll(async () => {
    folder = temporaryFolder();
    vault = await LmdbSecretVault.open({ directory: folder.path });
    tokens = new LogTokens(vault);
  });
  afterAll(async () => {
    await vault.close();
    folder.remove();
  });

  const source = { instanceId: 'inst_1', ownerTenant: 'ten_1' };

  it('are the same every time, and name their instance', async () => {
    const bearer = await tokens.bearerOf(source, LOG_TOKEN_VERSION);
    expect(await tokens.bearerOf(source, LOG_TOKEN_VERSION)).toBe(bearer);
    expect(bearer).toMatch(/^inst_1\.[\w-]{43}$/);
    expect(instanceIn(bearer)).toBe('inst_1');
  });

  it('are good for their own instance only', async () => {
    const bearer = await tokens.bearerOf(source, LOG_TOKEN_VERSION);
    expect(await tokens.isBearerOf(source, bearer)).toBe(true);
    for (const wrong of ['', 'inst_1.', 'inst_1', `${bearer}x`, bearer.replace('inst_1', 'inst_2')])
      expect(await tokens.isBearerOf(source, wrong)).toBe(false);
    expect(await tokens.isBearerOf({ ...source, instanceId: 'inst_2' }, bearer.replace('inst_1', 'inst_2'))).toBe(false);
  });

  it('name nobody where they are not of that form', () => {
    for (const text of ['', 'inst_1', '.x', 'a.b.c']) expect(instanceIn(text)).toBeUndefined();
  });
});
