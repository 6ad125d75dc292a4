import type { EventToAppend, RecordedEvent } from '@souk/event-sourcing';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import fc from 'fast-check';
import { LmdbSecretVault } from './lmdb-secret-vault';
import { RegistryEventCodec } from './registry-event-codec';

const metadata = {
  commandId: 'c',
  correlationId: 'r',
  causationId: 'x',
  actor: { kind: 'user', id: 'u' },
  tenants: [],
  schemaVersion: 1,
} as const;
const eventTypes = {
  Plain: {},
  Personal: { personal: { fields: ['parameters', 'note'], tenant: ({ owner }: { owner: string }) => owner } },
  Grown: {
    upcasters: [
      ({ name }: { name: string }) => ({ names: [name] }),
      ({ names }: { names: string[] }) => ({ names, count: names.length }),
    ],
  },
};

describe('The event codec', () => {
  const folder = temporaryFolder();
  let vault: LmdbSecretVault;
  let codec: RegistryEventCodec;
  beforeAll(async () => {
    vault = await LmdbSecretVault.open({ directory: folder.path });
    codec = new RegistryEventCodec(vault, [{ eventTypes }]);
  });
  afterAll(async () => {
    await vault.close();
    folder.remove();
  });

  const event = (type: string, data: object): EventToAppend => ({ id: 'e-1', type, data, metadata });
  const recorded = (event: EventToAppend): RecordedEvent => ({
    ...event,
    stream: 's-1',
    revision: 0,
    position: 'p' as RecordedEvent['position'],
    recordedAt: '2026-01-01T00:00:00.000Z',
  });

  it('leaves events alone in which nothing is personal, without a promise', () => {
    const plain = event('Plain', { a: 1 });
    expect(codec.encode(plain)).toBe(plain);
    const stored = recorded(plain);
    expect(codec.decode(stored)).toBe(stored);
    expect(codec.decode(recorded(event('Unknown', {})))).toEqual(recorded(event('Unknown', {})));
  });

  it('stores personal fields sealed, and reads them as they were', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.string(), async (parameters, note) => {
        const data = { owner: 'ten_1', parameters, note: `canary ${note}` };
        const stored = await codec.encode(event('Personal', data));
        expect(JSON.stringify(stored.data)).not.toContain('canary');
        expect(stored.data).toMatchObject({ owner: 'ten_1', parameters: { tenant: 'ten_1' } });
        expect((await codec.decode(recorded(JSON.parse(JSON.stringify(stored)) as EventToAppend))).data).toEqual(
          JSON.parse(JSON.stringify(data)),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('reads personal fields as null once their key was destroyed', async () => {
    const stored = await codec.encode(event('Personal', { owner: 'ten_2', parameters: { a: 1 } }));
    await vault.destroyTenantKey('ten_2');
    expect((await codec.decode(recorded(stored))).data).toEqual({ owner: 'ten_2', parameters: null });
  });

  it.each([
    [1, { name: 'x' }],
    [2, { names: ['x'] }],
    [3, { names: ['x'], count: 1 }],
  ])('reads version %i in the shape of today', async (schemaVersion, data) => {
    const stored = { ...recorded(event('Grown', data)), metadata: { ...metadata, schemaVersion } };
    const { data: today, metadata: after } = await codec.decode(stored);
    expect([today, after.schemaVersion]).toEqual([{ names: ['x'], count: 1 }, 3]);
  });

  it('does not know one type from two aggregates', () => {
    expect(() => new RegistryEventCodec(vault, [{ eventTypes }, { eventTypes }])).toThrow(/Plain/);
  });
});
