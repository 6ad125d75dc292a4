import {
  type Document,
  type DomainEvent,
  type EventStore,
  ordinalOf,
  type Position,
  type Projection,
} from '@souk/event-sourcing';
import { type Difference, differences } from './differences';
import { ProjectedModel } from './projected-model';
import { ProjectionLane } from './projection-lane';
import type { ProjectionFailure } from './read-model';
import type { BuildingGeneration, CollectionWriter, ReadStore } from './read-store.port';

/**
 * - `folding`: on its way from the first event to where the store ended when it began
 * - `comparing`: has caught up; its documents are held against those that serve
 * - `switched`: its documents serve
 * - `failed`, `cancelled`: nothing has changed
 */
export type RebuildStatus = 'folding' | 'comparing' | 'switched' | 'failed' | 'cancelled';

export interface RebuildProgress {
  /** Of the request that began it. */
  readonly id: string;
  readonly projection: string;
  readonly status: RebuildStatus;
  readonly position: Position | undefined;
  /**
   * Events of the store that lie behind it, of those there are, whether or not they touch the model. Where positions do not count events: those
   * that it has read, of about so many as will be by the share of the store that lies behind it.
   */
  readonly events: number;
  readonly eventsToFold: number;
  readonly eventsPerSecond: number;
  /** Absent as long as nobody can tell. */
  readonly secondsLeft?: number;
  readonly startedAt: string;
  readonly endedAt?: string;
  /** Documents that are not what those before were; known once they were compared. */
  readonly different?: number;
  /** Why it has failed. */
  readonly error?: unknown;
}

/** A model over a generation that is being built, ready to take the place of the one that serves. */
export interface Successor {
  readonly model: ProjectedModel;
  readonly lane: ProjectionLane;
  readonly generation: BuildingGeneration<Document>;
  readonly serving: CollectionWriter<Document>;
  /** Documents that were not what those that serve are. */
  readonly differences: readonly Difference[];
}

export interface RebuildOptions {
  readonly id: string;
  readonly projection: Projection<Document, DomainEvent>;
  readonly eventStore: EventStore;
  readonly readStore: ReadStore;
  /** Events in a batch; smaller than that of a lane, since live models share the event loop. */
  readonly batchSize: number;
  /** Lets the successor serve and answers how many documents have become others, or throws and leaves everything as it was. */
  readonly switchTo: (successor: Successor) => Promise<number>;
  readonly onError: (failure: ProjectionFailure) => void;
}

/** What is uncommitted at most: little, so that live models find memory and the read store free. */
const MAX_DIRTY = { documents: 10_000, bytes: 8 << 20 };

/** Builds a read model anew from the first event, in a generation of its own, while the one that serves goes on; then switches. */
export class Rebuild {
  /** Fulfilled when it is over, however it ended. */
  readonly finished: Promise<RebuildProgress>;
  private readonly stopping = new AbortController();
  private readonly begun = performance.now();
  private readonly startedAt = new Date().toISOString();
  private status: RebuildStatus = 'folding';
  private model: ProjectedModel | undefined;
  private head: Position | undefined;
  private seconds: number | undefined;
  private different: number | undefined;
  private endedAt: string | undefined;
  private error: unknown;

  constructor(private readonly options: RebuildOptions) {
    this.finished = this.run().then(() => this.progress);
  }

  get id(): string {
    return this.options.id;
  }

  get isRunning(): boolean {
    return this.endedAt === undefined;
  }

  get progress(): RebuildProgress {
    const position = this.model?.reached;
    const place = ordinalOf(position);
    const share = place / Math.max(ordinalOf(this.head), place, 1);
    const { events, eventsToFold } = this.counted(place, share);
    const seconds = this.seconds ?? (performance.now() - this.begun) / 1000;
    const eventsPerSecond = Math.round(events / Math.max(seconds, 0.001));
    return {
      id: this.id,
      projection: this.options.projection.name,
      status: this.status,
      position,
      events,
      eventsToFold,
      eventsPerSecond,
      ...(this.status === 'folding' && share > 0 && { secondsLeft: Math.ceil((seconds * (1 - share)) / share) }),
      startedAt: this.startedAt,
      ...(this.endedAt !== undefined && { endedAt: this.endedAt }),
      ...(this.different !== undefined && { different: this.different }),
      ...(this.error !== undefined && { error: this.error }),
    };
  }

  private counted(place: number, share: number): { readonly events: number; readonly eventsToFold: number } {
    if (this.options.eventStore.countsEvents) return { events: place, eventsToFold: Math.max(ordinalOf(this.head), place) };
    const events = this.model?.read ?? 0;
    const isThere = share === 1;
    return { events, eventsToFold: isThere ? events : Math.max(events + 1, Math.round(events / Math.max(share, 1e-9))) };
  }

  /** Fulfilled when nothing of it runs any more. Too late once it has begun to switch. */
  async cancel(): Promise<RebuildProgress> {
    this.stopping.abort();
    return this.finished;
  }

  private async run(): Promise<void> {
    try {
      await this.build();
      this.end('switched');
    } catch (error) {
      if (this.stopping.signal.aborted) this.end('cancelled');
      else this.end('failed', error);
    }
  }

  private async build(): Promise<void> {
    const { projection, eventStore, readStore, batchSize, switchTo, onError } = this.options;
    const serving = readStore.open<Document>(projection);
    const generation = await serving.startGeneration();
    let lane: ProjectionLane | undefined;
    try {
      const model = new ProjectedModel(projection, generation as BuildingGeneration<never>, eventStore, onError);
      this.head = await eventStore.head();
      await model.prepare(this.head);
      this.model = model;
      const { signal } = this.stopping;
      lane = await this.caughtUp(model, this.head, { batchSize, maxDirty: MAX_DIRTY });
      this.status = 'comparing';
      const found = await differences(serving.documents(), generation.documents(), signal);
      signal.throwIfAborted();
      this.different = await switchTo({ model, lane, generation, serving, differences: found });
    } catch (error) {
      await lane?.close();
      // What could not be dropped is replaced by the next rebuild, or gone with the next start.
      await generation.drop().catch((again: unknown) => onError({ projection: projection.name, error: again }));
      throw error;
    }
  }

  /** Fulfilled with the lane when it has reached the end; it follows the store from there. */
  private async caughtUp(
    model: ProjectedModel,
    end: Position,
    options: { readonly batchSize: number; readonly maxDirty: typeof MAX_DIRTY },
  ): Promise<ProjectionLane> {
    const { signal } = this.stopping;
    let lane: ProjectionLane | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        lane = new ProjectionLane([model], this.options.eventStore, end, options, {
          onLive: resolve,
          onFailure: reject,
        });
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
        signal.throwIfAborted();
        model.become('catching-up');
        lane.start();
      });
      if (model.status === 'failed') throw model.health.error;
      model.become('live');
      return lane!;
    } catch (error) {
      await lane?.close();
      throw error;
    }
  }

  private end(status: RebuildStatus, error?: unknown): void {
    this.status = status;
    this.error = error;
    this.seconds = (performance.now() - this.begun) / 1000;
    this.endedAt = new Date().toISOString();
    // What the projection threw was told, with its event.
    if (error !== undefined && this.model?.status !== 'failed')
      this.options.onError({ projection: this.options.projection.name, error });
  }
}

/** There is no read model of that name here. */
export class UnknownReadModel extends Error {
  readonly code = 'unknown-read-model';
  constructor(name: string) {
    super(`there is no read model "${name}"`);
    this.name = new.target.name;
  }
}

/** A read model is rebuilt once at a time. */
export class RebuildRunning extends Error {
  readonly code = 'rebuild-running';
  constructor(name: string) {
    super(`the read model "${name}" is being rebuilt already`);
    this.name = new.target.name;
  }
}
