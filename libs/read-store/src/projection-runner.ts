import {
  type Activity,
  alwaysActive,
  type Document,
  type DomainEvent,
  type EventStore,
  ordinalOf,
  type Position,
  type Projection,
} from '@souk/event-sourcing';
import { confirmed } from './differences';
import { FailedModels } from './failed-models';
import { FollowingLane } from './following-lane';
import { NotActive } from './not-active';
import { ProjectedModel } from './projected-model';
import { type LaneOptions, ProjectionLane } from './projection-lane';
import type { ModelHealth, ModelStats, ProjectionFailure, ReadModel } from './read-model';
import { GenerationGone, type ReadStore } from './read-store.port';
import { Rebuild, RebuildRunning, type Successor, UnknownReadModel } from './rebuild';

/** A projection of whatever documents and events. */
export type AnyProjection = Projection<never, never>;

export interface ProjectionRunnerOptions extends Partial<LaneOptions> {
  /**
   * Where several processes share the read store: which of them folds. The others follow: they read what it commits, and tell of it.
   * Default: this one alone.
   */
  readonly activity?: Activity;
  /** Told of every failure: of a projection (then it stopped for good), of a listener, of the stores (then it is tried again). */
  readonly onError?: (failure: ProjectionFailure) => void;
}

/** Read models whose checkpoints are no further apart than so many events start in one lane. */
const NEARBY = 5000;
/** About so far apart are two events in a row where positions are bytes of a log. */
const BYTES_PER_EVENT = 1000;
/** How often checkpoints that moved without a change are put on disk. */
const PERSIST_EVERY_MS = 5000;
/** How often one who waits for documents of others looks whether they will come. */
const HEAR_EVERY_MS = 1000;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 10_000;
/** Events in a batch of a rebuild: live models share the event loop with it. */
const REBUILD_BATCH = 256;

/**
 * Keeps read models up to date with the event store, from where each of them stands. Models that stand at the same place share a
 * subscription (a lane); a model that is built anew has one of its own and joins the others when it has caught up, so that it does not
 * hold them back. A projection that throws is stopped alone. Where a store fails, the lane starts again from what was committed.
 * A rebuild folds everything into another generation of the documents, in a lane of its own, and takes their place when it is as far.
 * Where processes share the read store, all this is done by the active one; each other one follows it, and takes over at any moment.
 */
export class ProjectionRunner {
  private readonly models = new Map<string, ProjectedModel>();
  private readonly lanes = new Set<ProjectionLane>();
  /** By model, the one that runs or ran last. */
  private readonly rebuilds = new Map<string, Rebuild>();
  private following: FollowingLane | undefined;
  private role: 'none' | 'active' | 'following' = 'none';
  private unlisten: () => void = () => undefined;
  /** By model, the last rebuild of whichever process that listeners here were told of. */
  private readonly toldOfRebuild = new Map<string, string | undefined>();
  private readonly failedModels: FailedModels;
  private readonly options: LaneOptions;
  private readonly activity: Activity;
  private readonly onError: (failure: ProjectionFailure) => void;
  /** Starting, joining and stopping lanes: one after the other. */
  private turns: Promise<void> = Promise.resolve();
  private saying: Promise<void> = Promise.resolve();
  private timers = new Set<NodeJS.Timeout>();
  private running = false;

  /** @param projections each with another name */
  constructor(
    private readonly eventStore: EventStore,
    private readonly readStore: ReadStore,
    projections: readonly AnyProjection[],
    {
      onError = () => undefined,
      activity = alwaysActive,
      batchSize = 1024,
      maxDirty = { documents: 50_000, bytes: 32 << 20 },
    }: ProjectionRunnerOptions = {},
  ) {
    this.onError = (failure) => {
      onError(failure);
      this.leaveFailures();
    };
    this.failedModels = new FailedModels(readStore);
    this.activity = activity;
    this.options = { batchSize, maxDirty };
    for (const projection of projections) {
      if (this.models.has(projection.name)) throw new Error(`two projections are named "${projection.name}"`);
      // The handlers get what the store has for their events: the type that the caller knows them by.
      const any = projection as unknown as Projection<Document, DomainEvent>;
      this.models.set(
        projection.name,
        new ProjectedModel(any, readStore.open<never>(projection), eventStore, this.onError, activity),
      );
    }
  }

  /**
   * Fulfilled when all models go on from where they stood, or follow; `health()` says when they are live.
   * @throws what the stores throw
   */
  async start(): Promise<void> {
    if (this.running) return;
    this.running = true;
    this.repeat(() => void this.persist(), PERSIST_EVERY_MS);
    this.repeat(() => void this.hearAgain(), HEAR_EVERY_MS);
    this.unlisten = this.activity.changes(
      () => void this.inTurn(() => this.takeRole().catch((error: unknown) => this.roleFailed(error, 0))),
    );
    try {
      await this.inTurn(() => this.takeRole());
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Fulfilled when everything that was read is committed. May be started again. */
  async stop(): Promise<void> {
    this.running = false;
    this.unlisten();
    await Promise.all([...this.rebuilds.values()].map((rebuild) => rebuild.cancel()));
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    await this.inTurn(async () => {
      await Promise.all([...this.lanes].map((lane) => lane.close()));
      this.lanes.clear();
      await this.following?.close();
      this.following = undefined;
    });
    await this.persist();
    await this.saying;
    this.role = 'none';
    for (const model of this.models.values()) model.become('idle');
  }

  /** May be read at any time, also before the start. @throws Error for a projection that is not among those of this runner */
  readModel<Doc extends Document, Event extends DomainEvent>(projection: Projection<Doc, Event>): ReadModel<Doc> {
    const model = this.models.get(projection.name);
    if (!model || model.projection !== (projection as unknown))
      throw new Error(`projection "${projection.name}" does not run here`);
    return model as unknown as ReadModel<Doc>;
  }

  /** Read-your-writes over all models that have not failed, here or where they are folded. @throws ReadModelBehind */
  async waitFor(position: Position, timeoutMs: number): Promise<void> {
    const working = [...this.models.values()].filter(({ isStanding }) => !isStanding);
    await Promise.all(
      working.map((model) =>
        model.waitFor(position, timeoutMs).catch((error: unknown) => {
          // It may have failed meanwhile.
          if (!model.isStanding) throw error;
        }),
      ),
    );
  }

  /**
   * Builds a model anew from the first event while its documents go on to be read and kept up to date; then switches.
   * @param id of the request: the same again answers the rebuild that it began
   * @throws UnknownReadModel, RebuildRunning; NotActive where another process folds
   */
  rebuild(name: string, id: string): Rebuild {
    const model = this.models.get(name);
    if (!model) throw new UnknownReadModel(name);
    const last = this.rebuilds.get(name);
    if (last?.id === id) return last;
    if (last?.isRunning) throw new RebuildRunning(name);
    this.assertActive();
    const { eventStore, readStore, onError } = this;
    const rebuild = new Rebuild({
      id,
      projection: model.projection,
      eventStore,
      readStore,
      batchSize: Math.min(this.options.batchSize, REBUILD_BATCH),
      switchTo: (successor) => this.inTurn(() => this.switchTo(model, successor)),
      onError,
    });
    this.rebuilds.set(name, rebuild);
    return rebuild;
  }

  /** The rebuild of that model that runs, or the last one since the process began. */
  rebuildOf(name: string): Rebuild | undefined {
    return this.rebuilds.get(name);
  }

  /** Rebuilds are known where the models are folded. @throws NotActive where another process does that */
  assertActive(): void {
    if (this.role !== 'active' || !this.activity.held()) throw new NotActive();
  }

  health(): readonly ModelHealth[] {
    return [...this.models.values()].map(({ health }) => health);
  }

  stats(): readonly ModelStats[] {
    return [...this.models.values()].map(({ stats }) => stats);
  }

  /** Becomes what it has to be: the one who folds, or one who follows. */
  private async takeRole(): Promise<void> {
    if (!this.running) return;
    const role = this.activity.held() ? 'active' : 'following';
    if (role === this.role) return;
    await this.leaveRole();
    this.role = role;
    await this.tellOfRebuilds();
    if (role === 'active') {
      await this.startLanes([...this.models.values()], 0);
      this.leaveFailures();
    } else await this.startFollowing(0);
  }

  /** Nothing of what it did goes on. What it had folded and not committed, the next one folds. */
  private async leaveRole(): Promise<void> {
    this.role = 'none';
    // Not waited for: a rebuild that is about to switch waits for its turn, and finds that it is too late.
    for (const rebuild of this.rebuilds.values()) void rebuild.cancel();
    await Promise.all([...this.lanes].map((lane) => lane.abandon()));
    this.lanes.clear();
    await this.following?.close();
    this.following = undefined;
  }

  /** For those who follow: which documents have become others without an event. */
  private async leaveWord({ projection: { name } }: ProjectedModel, different: readonly string[]): Promise<void> {
    const word: RebuiltWord = {
      id: this.rebuilds.get(name)!.id,
      keys: different.slice(0, MOST_KEYS),
      isAll: different.length <= MOST_KEYS,
    };
    this.toldOfRebuild.set(name, word.id);
    await this.readStore.putValues({ [wordKey(name)]: word });
  }

  private async tellOfRebuilds(): Promise<void> {
    if (this.activity === alwaysActive) return;
    for (const [name, model] of this.models) {
      const word = (await this.readStore.getValue(wordKey(name))) as RebuiltWord | undefined;
      const isFirstLook = !this.toldOfRebuild.has(name);
      if (this.toldOfRebuild.get(name) === word?.id && !isFirstLook) continue;
      this.toldOfRebuild.set(name, word?.id);
      if (word && !isFirstLook) await model.rebuiltByAnother(word.keys, word.isAll);
    }
  }

  /** Where that does not succeed, it is said again from time to time. */
  private leaveFailures(): void {
    this.saying = this.saying.then(() => this.sayFailures()).catch(() => undefined);
  }

  /** For those who follow: they can't tell a model that stands from one that takes its time. */
  private async sayFailures(): Promise<void> {
    if (this.activity === alwaysActive || this.role !== 'active' || !this.activity.held()) return;
    const failed = [...this.models.values()].filter(({ status }) => status === 'failed');
    await this.failedModels.say(Object.fromEntries(failed.map(({ projection: { name, version } }) => [name, version])));
  }

  private async hearOfFailures(): Promise<void> {
    const failed = await this.failedModels.read();
    if (this.role !== 'following') return;
    for (const [name, model] of this.models) model.standsElsewhere(failed[name] === model.projection.version);
  }

  private async hearAgain(): Promise<void> {
    const isOfUse = this.following?.isExpecting === true || [...this.models.values()].some(({ isStanding }) => isStanding);
    if (this.role !== 'following' || !isOfUse) return;
    await this.hearOfFailures().catch((error: unknown) => this.onError({ projection: 'all', error }));
  }

  private async startFollowing(attempt: number): Promise<void> {
    const models = [...this.models.values()];
    const head = await this.eventStore.head();
    for (const model of models) await model.follow(head);
    await this.hearOfFailures();
    const begun = performance.now();
    const lane = new FollowingLane(models, this.eventStore, this.options.batchSize, (error) => {
      void this.inTurn(async () => {
        await lane.close();
        if (this.following !== lane) return;
        this.following = undefined;
        this.followAgain(error, performance.now() - begun > LAST_RETRY_MS ? 0 : attempt);
      });
    });
    this.following = lane;
    lane.start();
  }

  private followAgain(error: unknown, attempt: number): void {
    this.trouble([...this.models.values()], error);
    this.after(pauseAfter(attempt), () => {
      void this.inTurn(async () => {
        if (this.role !== 'following' || this.following || !this.running) return;
        await this.startFollowing(attempt + 1).catch((again: unknown) => this.followAgain(again, attempt + 1));
      });
    });
  }

  /** It could not become what it has to be. */
  private roleFailed(error: unknown, attempt: number, models: readonly ProjectedModel[] = [...this.models.values()]): void {
    if (!this.running) return;
    if (this.role === 'following') this.followAgain(error, attempt);
    else if (this.role === 'active') this.retry(models, error, attempt);
    else {
      this.trouble(models, error);
      this.after(pauseAfter(attempt), () => {
        void this.inTurn(() => this.takeRole().catch((again: unknown) => this.roleFailed(again, attempt + 1)));
      });
    }
  }

  private trouble(models: readonly ProjectedModel[], error: unknown): void {
    for (const model of models) model.become('retrying', error);
    this.onError({ projection: models.map(({ projection }) => projection.name).join(', '), error });
  }

  private async startLanes(models: readonly ProjectedModel[], attempt: number): Promise<void> {
    if (!this.running) return;
    const head = await this.prepare(models);
    for (const model of models) model.become('catching-up');
    const distance = NEARBY * (this.eventStore.countsEvents ? 1 : BYTES_PER_EVENT);
    for (const group of nearby(models, distance)) this.startLane(group, head, attempt);
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
    await this.close(live);
    await this.restart(live.flatMap((lane) => lane.models));
  }

  /**
   * The lane of the model stands still meanwhile, and whichever of both is behind folds what it lacks, so that both have seen the same events
   * when they are compared.
   */
  private async switchTo(model: ProjectedModel, successor: Successor): Promise<number> {
    this.assertActive();
    const { model: next, lane: nextLane, generation, serving } = successor;
    await nextLane.close();
    const lanes = [...this.lanes].filter(({ models }) => models.includes(model));
    await this.close(lanes);
    try {
      await next.persist();
      const head = await this.eventStore.head();
      await next.prepare(head);
      if (model.status !== 'failed') {
        await model.prepare(head);
        await model.foldUpTo(next.checkpoint());
      }
      await next.foldUpTo(model.checkpoint());
      await next.persist();
      const different = await confirmed(successor.differences, serving, generation);
      this.assertActive();
      await generation.serve();
      if (this.activity !== alwaysActive) await this.leaveWord(model, different);
      await model.adopt(next.checkpoint(), different);
      this.leaveFailures();
      return different.length;
    } finally {
      for (const { models } of lanes) await this.restart(models);
    }
  }

  private async close(lanes: readonly ProjectionLane[]): Promise<void> {
    await Promise.all(lanes.map((lane) => lane.close()));
    for (const lane of lanes) this.lanes.delete(lane);
  }

  private async restart(models: readonly ProjectedModel[]): Promise<void> {
    if (!this.running) return;
    try {
      this.startLane(models, await this.prepare(models), 0);
    } catch (error) {
      this.retry(models, error, 0);
    }
  }

  private retry(models: readonly ProjectedModel[], error: unknown, attempt: number): void {
    if (!this.running) return;
    // No trouble: whoever has lost the right to write, and was not told of it yet, is told in a moment.
    const isLate = error instanceof NotActive;
    if (!isLate) this.trouble(models, error);
    this.after(pauseAfter(isLate ? 0 : attempt), () => {
      void this.inTurn(async () => {
        if (this.role !== 'active') return;
        try {
          if (!this.activity.held()) await this.takeRole();
          else await this.startLanes(this.withoutLane(models), attempt + 1);
        } catch (again) {
          this.roleFailed(again, attempt + 1, models);
        }
      });
    });
  }

  /** Others were taken up meanwhile, when this process became the active one anew. */
  private withoutLane(models: readonly ProjectedModel[]): readonly ProjectedModel[] {
    return models.filter((model) => ![...this.lanes].some((lane) => lane.models.includes(model)));
  }

  private async persist(): Promise<void> {
    if (this.role === 'following')
      await this.tellOfRebuilds().catch((error: unknown) => this.onError({ projection: 'all', error }));
    this.leaveFailures();
    for (const model of this.models.values()) {
      if (this.role !== 'active' || !this.activity.held()) return;
      try {
        await model.persist();
      } catch (error) {
        if (error instanceof NotActive || error instanceof GenerationGone) void this.inTurn(() => this.beginAnew(model));
        else this.onError({ projection: model.projection.name, error });
      }
    }
  }

  /** From what there is now in the read store. */
  private async beginAnew(model: ProjectedModel): Promise<void> {
    if (this.role !== 'active') return;
    for (const lane of [...this.lanes].filter(({ models }) => models.includes(model))) {
      await lane.abandon();
      this.lanes.delete(lane);
      await this.restart(lane.models);
    }
  }

  private inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.turns.then(change);
    this.turns = turn.then(
      () => undefined,
      () => undefined,
    );
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

/** What is left in the read store by who has rebuilt a model. */
interface RebuiltWord {
  readonly id: string;
  readonly keys: readonly string[];
  /** There are no more than these. */
  readonly isAll: boolean;
}

/** Ids of documents that are named; where there are more, all are told of. */
const MOST_KEYS = 2_000;

function wordKey(model: string): string {
  return `rebuilt/${model}`;
}

function pauseAfter(attempt: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** attempt, LAST_RETRY_MS);
}

/** Groups of models that stand near each other. */
function nearby(models: readonly ProjectedModel[], distance: number): ProjectedModel[][] {
  const placed = models.map((model) => ({ model, place: ordinalOf(model.readFrom) })).sort((a, b) => a.place - b.place);
  const groups: { readonly first: number; readonly models: ProjectedModel[] }[] = [];
  for (const { model, place } of placed) {
    const last = groups.at(-1);
    if (last && place - last.first <= distance) last.models.push(model);
    else groups.push({ first: place, models: [model] });
  }
  return groups.map((group) => group.models);
}
