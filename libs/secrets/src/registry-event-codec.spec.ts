import { randomUUID } from 'node:crypto';
import {
  type Aggregate,
  CodedEventStore,
  type DomainEvent,
  type EventToAppend,
  positionOf,
  type RecordedEvent,
} from '@souk/event-sourcing';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import * as fc from 'fast-check';
import { LmdbSecretVault, RegistryEventCodec, SealBroken } from '.';

type BuyerEvent =
  | DomainEvent<'BuyerNamed', { tenant: string; name?: unknown; mail?: unknown; city?: unknown }>
  | DomainEvent<'BuyerMoved', { city: string; country: string }>
  | DomainEvent<'BuyerLeft', Record<string, never>>;

const buyers: Aggregate<null, never, BuyerEvent> = {
  category: 'buyer',
  initial: null,
  decide: () => [],
  evolve: (state) => state,
  tenants: () => [],
  eventTypes: {
    BuyerNamed: {
      personal: { fields: ['name', 'mail'], tenant: ({ tenant }) => tenant },
      upcasters: [
        ({ fullName, ...rest }: { fullName?: unknown }) => ({ ...rest, ...(fullName !== undefined && { name: fullName }) }),
      ],
    },
    BuyerMoved: {
      upcasters: [({ place }: { place: string }) => ({ city: place }), (data: object) => ({ ...data, country: 'unknown' })],
    },
    BuyerLeft: {},
  },
};

describe('RegistryEventCodec', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let vault: LmdbSecretVault;
  let codec: RegistryEventCodec;
  beforeEach(async () => {
    folder = temporaryFolder();
    vault = await LmdbSecretVault.open({ directory: `${folder.path}/vault` });
    codec = new RegistryEventCodec(vault, [buyers]);
  });
  afterEach(async () => {
    await vault.close();
    folder.remove();
  });

  const event = (type: string, data: object, schemaVersion = 1): EventToAppend => {
    const actor = { kind: 'system', id: 'spec' } as const;
    return {
      id: randomUUID(),
      type,
      data,
      metadata: { commandId: 'c', correlationId: 'c', causationId: 'c', actor, tenants: [], schemaVersion },
    };
  };
  const recorded = (appended: EventToAppend): RecordedEvent => ({
    ...appended,
    stream: 'buyer-1',
    revision: 0,
    position: positionOf('codec123', 1),
    recordedAt: '2026-01-01T00:00:00.000Z',
  });
  const named = (data: object): EventToAppend => event('BuyerNamed', { tenant: 't1', ...data }, 2);

  describe('for personal fields', () => {
    it('decodes what it has encoded, of any JSON', async () => {
      await fc.assert(
        fc.asyncProperty(fc.record({ name: fc.jsonValue(), mail: fc.jsonValue() }, { requiredKeys: [] }), async (fields) => {
          const original = named(JSON.parse(JSON.stringify(fields)) as object);
          const stored = JSON.parse(JSON.stringify(await codec.encode(original))) as EventToAppend;
          expect(await codec.decode(recorded(stored))).toEqual(recorded(original));
        }),
        { numRuns: 50 },
      );
    });

    it('leaves nothing of them in the event, and the other fields as they are', async () => {
      const { data } = await codec.encode(named({ name: 'canary', city: 'Aachen' }));
      expect(data).toEqual({ tenant: 't1', city: 'Aachen', name: { $sealed: expect.any(String), tenant: 't1' } });
      expect(JSON.stringify(data)).not.toContain('canary');
    });

    it('reads null, and writes null, when the key was destroyed', async () => {
      const original = named({ name: 'Ada', mail: 'ada@example.com', city: 'Aachen' });
      const stored = recorded(await codec.encode(original));
      await vault.destroyTenantKey('t1');
      expect((await codec.decode(stored)).data).toEqual({ tenant: 't1', name: null, mail: null, city: 'Aachen' });
      expect((await codec.encode(original)).data).toEqual({ tenant: 't1', name: null, mail: null, city: 'Aachen' });
    });

    it('refuses one that was moved to another event or field', async () => {
      const stored = recorded(await codec.encode(named({ name: 'Ada' })));
      const { name, ...rest } = stored.data as { name: unknown };
      await expect(codec.decode({ ...stored, id: randomUUID() })).rejects.toBeInstanceOf(SealBroken);
      await expect(codec.decode({ ...stored, data: { ...rest, mail: name } })).rejects.toBeInstanceOf(SealBroken);
    });

    it('does not let other fields pass for sealed ones', () => {
      const city = { $sealed: 'AAAA', tenant: 't1' };
      expect(() => codec.encode(named({ city }))).toThrow(TypeError);
    });

    it('wants a tenant', async () => {
      await expect(codec.encode(named({ name: 'Ada', tenant: undefined }))).rejects.toBeInstanceOf(TypeError);
    });

    it('decrypts before it upcasts, under the name that the field had', async () => {
      const older = new RegistryEventCodec(vault, [
        {
          eventTypes: {
            BuyerNamed: { personal: { fields: ['fullName'] as never[], tenant: ({ tenant }: { tenant: string }) => tenant } },
          },
        },
      ]);
      const stored = recorded(await older.encode(event('BuyerNamed', { tenant: 't1', fullName: 'Ada' })));
      const read = await codec.decode(stored);
      expect(read.data).toEqual({ tenant: 't1', name: 'Ada' });
      expect(read.metadata.schemaVersion).toBe(2);
    });
  });

  describe('for old shapes', () => {
    it('leads from each version to the current one, at once', () => {
      const current = { city: 'Aachen', country: 'unknown' };
      expect(codec.decode(recorded(event('BuyerMoved', { place: 'Aachen' }, 1)))).toMatchObject({
        data: current,
        metadata: { schemaVersion: 3 },
      });
      expect(codec.decode(recorded(event('BuyerMoved', { city: 'Aachen' }, 2)))).toMatchObject({
        data: current,
        metadata: { schemaVersion: 3 },
      });
    });

    it('leaves current ones, newer ones and unknown types as they are, at once', () => {
      const unchanged = [
        event('BuyerMoved', { city: 'Aachen', country: 'de' }, 3),
        event('BuyerMoved', { all: 'new' }, 4),
        event('BuyerLeft', {}),
        event('toString', {}),
        event('SomethingElse', { name: { $sealed: 'x', tenant: 't1' } }, 7),
      ];
      for (const one of unchanged) {
        const stored = recorded(one);
        expect(codec.encode(one)).toBe(one);
        expect(codec.decode(stored)).toBe(stored);
      }
    });
  });

  it('refuses a type that two aggregates declare', () => {
    expect(() => new RegistryEventCodec(vault, [buyers, { eventTypes: { BuyerLeft: {} } }])).toThrow('BuyerLeft');
  });

  it('keeps personal fields out of the event store, and gives them back', async () => {
    const raw = await LmdbEventStore.open({ directory: `${folder.path}/events` });
    const store = new CodedEventStore(raw, codec);
    const original = named({ name: 'canary' });
    await store.append('buyer-1', 'no-stream', [original, event('BuyerLeft', {})]);
    expect((await store.append('buyer-1', 'no-stream', [original])).repeated).toBe(true);
    const texts: string[] = [];
    for await (const one of raw.readAll()) texts.push(JSON.stringify(one));
    expect(texts.join()).not.toContain('canary');
    const data: object[] = [];
    for await (const one of store.readStream('buyer-1')) data.push(one.data);
    expect(data).toEqual([{ tenant: 't1', name: 'canary' }, {}]);
    await raw.close();
  });
});
