import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CodedEventStore, type EventStore } from '@souk/event-sourcing';
import { machinery, openResources } from '@souk/platform';
import {
  type AnyProjection,
  type ComparedModel,
  forbidImpureFolds,
  isolated,
  LmdbReadStore,
  rebuildApart,
} from '@souk/read-store';
import { RegistryEventCodec } from '@souk/secrets';
import { marketplaceConfig } from './config';
import { services } from './marketplace.module';

export interface OfflineOptions {
  /** Folder of a marketplace that does not run. */
  readonly dataDir: string;
  /** For the key ring of the vault, as at its start. */
  readonly environment: NodeJS.ProcessEnv;
  /** Which read models; none for all. */
  readonly names?: readonly string[];
}

const definitions = [machinery, ...services];
const projections = definitions.flatMap((service) => service.projections);

export const knownModels: readonly string[] = projections.map(({ name }) => name);

/** There is no marketplace in that folder. */
export class NoMarketplace extends Error {
  readonly code = 'no-marketplace';
  constructor(dataDir: string) {
    super(`there is no marketplace in ${dataDir}`);
    this.name = new.target.name;
  }
}

export interface FailedModel {
  readonly projection: string;
  readonly error: unknown;
}

/**
 * Builds every read model of a stopped marketplace from its events, in a folder of its own, with clock, randomness and network taken from
 * the folds, and compares with what is there, byte by byte. Answers them one by one.
 * @throws NoMarketplace; InvalidConfig; StoreLocked while the marketplace runs
 */
export async function* rebuildOffline({
  dataDir,
  environment,
  names = [],
}: OfflineOptions): AsyncGenerator<ComparedModel | FailedModel> {
  if (!existsSync(join(dataDir, 'events'))) throw new NoMarketplace(dataDir);
  const { masterKeys } = marketplaceConfig(environment);
  const { events, reads, vault } = await openResources({ dataDir, keepWrapping: true, ...(masterKeys && { masterKeys }) });
  const folder = mkdtempSync(join(tmpdir(), 'souk-rebuild-'));
  try {
    const codec = new RegistryEventCodec(vault, definitions.flatMap(({ aggregates }) => aggregates) as never);
    const eventStore: EventStore = new CodedEventStore(events, codec);
    const apart = await LmdbReadStore.open({ directory: folder, signingKey: randomBytes(32) });
    forbidImpureFolds();
    try {
      for (const projection of projections.filter(({ name }) => names.length === 0 || names.includes(name))) {
        const any = isolated(projection as never) as unknown as AnyProjection;
        try {
          yield await rebuildApart(any, { eventStore, live: reads, apart });
        } catch (error) {
          yield { projection: projection.name, error };
        }
      }
    } finally {
      await apart.close();
    }
  } finally {
    await Promise.all([events.close(), reads.close(), vault.close()]);
    rmSync(folder, { recursive: true, force: true });
  }
}
