import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Aggregate,
  type DomainEvent,
  type EventTypeOptions,
  packState,
  positionOf,
  type RecordedEvent,
  unpackState,
  versionOf,
} from '@souk/event-sourcing';
import { LmdbSecretVault, RegistryEventCodec } from '@souk/secrets';
import { temporaryFolder } from './temporary-folder';

/** An aggregate of any state, command and event, as a service lists it. */
interface AnyAggregate {
  readonly category: string;
  readonly eventTypes: object;
}

type Foldable = Aggregate<unknown, never, DomainEvent> & { readonly eventTypes: Readonly<Record<string, EventTypeOptions>> };

/** One golden event, as its file is named. */
interface Golden {
  readonly type: string;
  readonly version: number;
}

/**
 * A suite over the golden events of a service: `<EventType>.v<schemaVersion>.json` holds the data of one event as it was first
 * written. Every version that ever was has a file, is read by the codec that services read with, and folds. A file is never changed: what
 * was stored stays stored.
 *
 * For an aggregate with snapshots, `<category>.snapshot.json` says to which states its golden events lead in that version of its snapshots.
 * `SOUK_APPROVE=1` writes it anew, once the version was counted up.
 */
export function goldenEvents(directory: string, listed: readonly AnyAggregate[]): void {
  const aggregates = listed as readonly Foldable[];
  let folder: ReturnType<typeof temporaryFolder>;
  let vault: LmdbSecretVault;
  const openVault = async (): Promise<void> => {
    folder = temporaryFolder();
    vault = await LmdbSecretVault.open({ directory: join(folder.path, 'vault') });
  };
  const removeVault = async (): Promise<void> => {
    await vault.close();
    folder.remove();
  };
  beforeAll(openVault);
  afterAll(removeVault);

  const stored = ({ type, version }: Golden): object =>
    JSON.parse(readFileSync(join(directory, `${type}.v${version}.json`), 'utf8')) as object;

  /** The event as a service gets it: written at that version, read today. `erase`: its tenant's key was destroyed in between. */
  const read = async (golden: Golden, { erase = false } = {}): Promise<RecordedEvent> => {
    const codec = new RegistryEventCodec(vault, aggregates);
    const actor = { kind: 'system', id: 'golden' } as const;
    const { type, version: schemaVersion } = golden;
    const metadata = { commandId: 'c', correlationId: 'c', causationId: 'c', actor, tenants: [], schemaVersion };
    const encoded = await codec.encode({ id: `${type}.v${schemaVersion}`, type, data: stored(golden), metadata });
    if (erase) for (const tenant of tenantsSealedIn(encoded.data)) await vault.destroyTenantKey(tenant);
    const recordedAt = '2026-01-01T00:00:00.000Z';
    return codec.decode({ ...encoded, stream: 'golden-1', revision: 0, position: positionOf('golden01', 1), recordedAt });
  };

  describe.each(aggregates.map((aggregate) => [aggregate.category, aggregate] as const))(
    'Golden events of %s',
    (_, aggregate) => {
      const goldens = goldensOf(aggregate).map((golden) => [golden.type, golden.version, golden] as const);
      const latest = latestOf(aggregate);

      /** After its first event, as the first type that it declares: most events mean something only then. */
      const begun = async (): Promise<unknown> => aggregate.evolve(aggregate.initial, await read(latest[0]!));

      const folds = (state: unknown, event: RecordedEvent): void => {
        const after = aggregate.evolve(state, event);
        expect(after).toEqual(expect.anything());
        expect(aggregate.tenants(after)).toEqual(expect.any(Array));
        expect(aggregate.evolve(after, event)).toEqual(expect.anything());
      };

      it.each(goldens)('%s, version %i, is read as of today, and folds', async (type, version, golden) => {
        const event = await read(golden);
        const today = 1 + (aggregate.eventTypes[type]!.upcasters?.length ?? 0);
        expect(event.metadata.schemaVersion).toBe(today);
        if (version === today) expect(event.data).toEqual(stored(golden));
        folds(await begun(), event);
        folds(aggregate.initial, event);
      });

      const personal = goldens.filter(([type]) => aggregate.eventTypes[type]!.personal);
      if (personal.length > 0)
        it.each(personal)('%s, version %i, folds when the key of its tenant was destroyed', async (type, _, golden) => {
          const before = await begun();
          const event = await read(golden, { erase: true });
          for (const field of aggregate.eventTypes[type]!.personal!.fields as readonly string[])
            expect((event.data as Record<string, unknown>)[field] ?? null).toBeNull();
          folds(before, event);
          // The others want the key.
          await removeVault();
          await openVault();
        });

      const { snapshots } = aggregate;
      if (snapshots)
        it('lead to the states that are kept in snapshots of this version: count the version up where they do not', async () => {
          const file = join(directory, `${aggregate.category}.snapshot.json`);
          const states: Record<string, string> = {};
          let state = aggregate.initial;
          for (const golden of latest) {
            state = aggregate.evolve(state, await read(golden));
            const text = packState(snapshots, state);
            expect(packState(snapshots, unpackState(snapshots, text))).toBe(text);
            states[golden.type] = createHash('sha256').update(text).digest('hex').slice(0, 16);
          }
          const found = { version: versionOf(snapshots, aggregate.eventTypes), states };
          if (process.env['SOUK_APPROVE']) approve(file, found);
          expect(found).toEqual(JSON.parse(readFileSync(file, 'utf8')));
        });
    },
  );

  it('Golden events are one file for each version of each type, and there are no others', () => {
    const events = aggregates.flatMap(goldensOf).map(({ type, version }) => `${type}.v${version}.json`);
    const snapshots = aggregates.filter(({ snapshots }) => snapshots).map(({ category }) => `${category}.snapshot.json`);
    expect(readdirSync(directory).sort()).toEqual([...events, ...snapshots].sort());
  });
}

function goldensOf({ eventTypes }: Foldable): Golden[] {
  return Object.entries(eventTypes).flatMap(([type, { upcasters = [] }]) =>
    Array.from({ length: upcasters.length + 1 }, (_, i) => ({ type, version: i + 1 })),
  );
}

function latestOf({ eventTypes }: Foldable): Golden[] {
  return Object.entries(eventTypes).map(([type, { upcasters = [] }]) => ({ type, version: upcasters.length + 1 }));
}

function tenantsSealedIn(data: object): string[] {
  return Object.values(data as Record<string, { tenant?: string } | null>).flatMap((field) =>
    field !== null && typeof field === 'object' && '$sealed' in field && field.tenant !== undefined ? [field.tenant] : [],
  );
}

/** @throws Error where other states would get into the snapshots of a version that is known already */
function approve(file: string, found: { readonly version: string; readonly states: object }): void {
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as typeof found) : undefined;
  if (known?.version === found.version && JSON.stringify(known) !== JSON.stringify(found))
    throw new Error(`${file}: these events led to other states in version ${found.version}; count the version up first`);
  writeFileSync(file, `${JSON.stringify(found, null, 2)}\n`);
}
