import {
  type Document,
  type DomainEvent,
  type EventStore,
  parsePosition,
  type Position,
  type Projection,
} from '@souk/event-sourcing';
import { ProjectedModel } from './projected-model';
import { type LaneOptions, ProjectionLane } from './projection-lane';
import type { ModelHealth, ModelStats, ProjectionFailure, ReadModel } from './read-model';
import type { ReadStore } from './read-store.port';

/** A projection of whatever documents and events. */
export type AnyProjection = Projection<never, never>;

export interface ProjectionRunnerOptions extends Partial<LaneOptions> {
  /** Told of every failure: of a projection (then it stopped for good), of a listener, of the stores (then it is tried again). */
  readonly onError?: (failure: ProjectionFailure) => void;
}

/** Read models whose checkpoints are no further apart than so many places start in one lane. */
const NEARBY = 5000n;
/** How often checkpoints that moved without a change are put on disk. */
const PERSIST_EVERY_MS = 5000;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 10_000;

/**
 * Keeps read models up to date with the event store, from where each of them stands. Models that stand at the same place share a
 * subscription (a lane); a model that is built anew has one of its own and joins the others when it has caught up, so that it does not
 * hold them back. A projection that throws is stopped alone. Where a store fails, the lane starts again from what was committed.
 */
export class ProjectionRunner {
  private readonly models = new Map<string, ProjectedModel>();
  private readonly lanes = new Set<ProjectionLane>();
  private readonly options: LaneOptions;
  private readonly onError: (failure: ProjectionFailure) => void;
  /** Starting, joining and stopping lanes: one after the other. */
  private turns: Promise<void> = Promise.resolve();
  private timers = new Set<NodeJS.Timeout>();
  private running = false;

  /** @param projections each with another name */
  constructor(
    private readonly eventStore: EventStore,
    readStore: ReadStore,
    projections: readonly AnyProjection[],
    {
      onError = () => undefined,
      batchSize = 1024,
      maxDirty = { documents: 50_000, bytes: 32 << 20 },
    }: ProjectionRunnerOptions = {},
  ) {
    this.onError = onError;
    this.options = { batchSize, maxDirty };
    for (const projection of projections) {
      if (this.models.has(projection.name)) throw new Error(`two projections are named "${projection.name}"`);
      // The handlers get what the store has for their events: the type that the caller knows them by.
      const any = projection as unknown as Projection<Document, DomainEvent>;
      this.models.set(projection.name, new ProjectedModel(any, readStore.open<never>(projection), eventStore, onError));
    }
  }

  /**
   * Fulfilled when all models go on from where they stood; `health()` says when they are live.
   * @throws what the stores throw
   */
  async start(): Promise<void> {
    if (this.running) return;
    this.running = true;
    this.repeat(() => void this.persist(), PERSIST_EVERY_MS);
    try {
      await this.inTurn(() => this.startLanes([...this.models.values()], 0));
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Fulfilled when everything that was read is committed. May be started again. */
  async stop(): Promise<void> {
    this.running = false;
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    await this.inTurn(async () => {
      await Promise.all([...this.lanes].map((lane) => lane.close()));
      this.lanes.clear();
    });
    await this.persist();
    for (const model of this.models.values()) model.become('idle');
  }

  /** May be read at any time, also before the start. @throws Error for a projection that is not among those of this runner */
  readModel<Doc extends Document, Event extends DomainEvent>(projection: Projection<Doc, Event>): ReadModel<Doc> {
    const model = this.models.get(projection.name);
    if (!model || model.projection !== (projection as unknown))
      throw new Error(`projection "${projection.name}" does not run here`);
    return model as unknown as ReadModel<Doc>;
  }

  /** Read-your-writes over all models that have not failed. @throws ReadModelBehind */
  async waitFor(position: Position, timeoutMs: number): Promise<void> {
    const models = [...this.models.values()].filter(({ health }) => health.status !== 'failed');
    await Promise.all(models.map((model) => model.waitFor(position, timeoutMs)));
  }

  health(): readonly ModelHealth[] {
    return [...this.models.values()].map(({ health }) => health);
  }

  stats(): readonly ModelStats[] {
    return [...this.models.values()].map(({ stats }) => stats);
  }

  private async startLanes(models: readonly ProjectedModel[], attempt: number): Promise<void> {
    if (!this.running) return;
    const head = await this.prepare(models);
    for (const model of models) model.become('catching-up');
    for (const group of nearby(models)) this.startLane(group, head, attempt);
  }

  /** Answers where the store ends. */
  private async prepare(models: readonly ProjectedModel[]): Promise<Position> {
    const head = await this.eventStore.head();
    for (const model of models) await model.prepare(head);
    return head;
  }

  private startLane(models: readonly ProjectedModel[], end: Position, attempt: number): void {
    let wasLive = false;
    const lane: ProjectionLane = new ProjectionLane(models, this.eventStore, end, this.options, {
      onLive: () => {
        wasLive = true;
        for (const model of models) model.become('live');
        void this.inTurn(() => this.join());
      },
      onFailure: (error) => {
        this.lanes.delete(lane);
        void this.inTurn(() => lane.close());
        this.retry(models, error, wasLive ? 0 : attempt);
      },
    });
    this.lanes.add(lane);
    lane.start();
  }

  /** Makes one lane of all that are live. */
  private async join(): Promise<void> {
    const live = [...this.lanes].filter(({ isLive }) => isLive);
    if (live.length < 2 || !this.running) return;
    await Promise.all(live.map((lane) => lane.close()));
    for (const lane of live) this.lanes.delete(lane);
    const models = live.flatMap((lane) => lane.models);
    try {
      this.startLane(models, await this.prepare(models), 0);
    } catch (error) {
      this.retry(models, error, 0);
    }
  }

  private retry(models: readonly ProjectedModel[], error: unknown, attempt: number): void {
    if (!this.running) return;
    for (const model of models) model.become('retrying', error);
    this.onError({ projection: models.map(({ projection }) => projection.name).join(', '), error });
    this.after(Math.min(FIRST_RETRY_MS * 2 ** attempt, LAST_RETRY_MS), () => {
      void this.inTurn(async () => {
        try {
          await this.startLanes(models, attempt + 1);
        } catch (again) {
          this.retry(models, again, attempt + 1);
        }
      });
    });
  }

  private async persist(): Promise<void> {
    for (const model of this.models.values()) {
      try {
        await model.persist();
      } catch (error) {
        this.onError({ projection: model.projection.name, error });
      }
    }
  }

  private inTurn(change: () => Promise<void>): Promise<void> {
    const turn = this.turns.then(change);
    this.turns = turn.catch(() => undefined);
    return turn;
  }

  private after(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      action();
    }, ms);
    this.timers.add(timer);
  }

  private repeat(action: () => void, ms: number): void {
    this.timers.add(setInterval(action, ms).unref());
  }
}

/** Groups of models that stand near each other. */
function nearby(models: readonly ProjectedModel[]): ProjectedModel[][] {
  const placed = models.map((model) => ({ model, place: placeOf(model) })).sort((a, b) => (a.place < b.place ? -1 : 1));
  const groups: { readonly first: bigint; readonly models: ProjectedModel[] }[] = [];
  for (const { model, place } of placed) {
    const last = groups.at(-1);
    if (last && place - last.first <= NEARBY) last.models.push(model);
    else groups.push({ first: place, models: [model] });
  }
  return groups.map((group) => group.models);
}

function placeOf(model: ProjectedModel): bigint {
  const position = model.checkpoint();
  return position === undefined ? 0n : (parsePosition(position)?.ordinal ?? 0n);
}
