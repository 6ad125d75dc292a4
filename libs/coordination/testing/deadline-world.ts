import { join } from 'node:path';
import {
  type Aggregate,
  CommandHandler,
  type CommandContext,
  type DomainEvent,
  type EventStore,
  type Position,
  type Projection,
} from '@souk/event-sourcing';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { LmdbEventStore } from '@souk/event-store';
import { LmdbReadStore, ProjectionRunner, type ReadModel } from '@souk/read-store';
import { type DeadlineDoc, deadlinesProjection, deadlineTotalsProjection, type DeadlineTotalDoc } from '@souk/coordination';

/** The embedded stores with the read models of deadlines, in a temporary folder. */
export class DeadlineWorld {
  private constructor(
    readonly store: LmdbEventStore,
    private readonly reads: LmdbReadStore,
    private readonly projections: ProjectionRunner,
    private readonly removeFolder: () => void,
  ) {}

  static async open(): Promise<DeadlineWorld> {
    const folder = temporaryFolder();
    const store = await LmdbEventStore.open({ directory: join(folder.path, 'events') });
    const reads = await LmdbReadStore.open({ directory: join(folder.path, 'reads'), signingKey: Buffer.alloc(32, 1) });
    const projections = new ProjectionRunner(store, reads, [deadlinesProjection, deadlineTotalsProjection] as never);
    await projections.start();
    return new DeadlineWorld(store, reads, projections, () => folder.remove());
  }

  get deadlines(): ReadModel<DeadlineDoc> {
    return this.projections.readModel(deadlinesProjection as unknown as Projection<DeadlineDoc, DomainEvent>);
  }

  get totals(): ReadModel<DeadlineTotalDoc> {
    return this.projections.readModel(deadlineTotalsProjection as unknown as Projection<DeadlineTotalDoc, DomainEvent>);
  }

  /** Read models have everything that is in the store, or what is up to this position. */
  async caughtUp(position?: Position): Promise<void> {
    await this.projections.waitFor(position ?? (await this.store.head()), 10_000);
  }

  async close(): Promise<void> {
    await this.projections.stop();
    await this.store.close();
    await this.reads.close();
    this.removeFolder();
  }
}

type EffectHappened = DomainEvent<'EffectHappened'>;

/** Takes every command anew: that there is one effect, the id of the command alone brings about. */
const effectAggregate: Aggregate<null, object, EffectHappened> = {
  category: 'effect',
  eventTypes: { EffectHappened: {} },
  initial: null,
  tenants: () => [],
  decide: () => [{ type: 'EffectHappened', data: {} }],
  evolve: () => null,
};

/** What a deadline of a test brings about: a fact in `effect-<id>`. */
export async function haveEffect(store: EventStore, id: string, context: CommandContext): Promise<void> {
  await new CommandHandler(store).handle(effectAggregate, id, {}, context);
}
