import { type Change, type ObjectStore } from '../store/object-store';
import { RESOURCES } from '../objects/resources';

/** One controller: told which objects to look at, it brings the cluster one step nearer to what they want. */
export interface Controller {
  readonly name: string;
  /** The keys to look at because of this change. Must not write. */
  concerns(change: Change): readonly string[];
  /**
   * Looks at one key, as things are now, and does what there is to do. Synchronous: it sees its own writes.
   * @returns in how many milliseconds to look again, if time alone can change something
   */
  reconcile(key: string): number | undefined;
}

const PER_TURN = 100;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 30_000;

interface Queue {
  readonly controller: Controller;
  readonly due: Set<string>;
  readonly timers: Map<string, { at: number; timer: NodeJS.Timeout }>;
  readonly failures: Map<string, number>;
}

/**
 * Runs the controllers: every change enqueues the keys it concerns; keys wait once, however often they are enqueued.
 * A key whose reconcile throws is tried again with a growing delay; the others go on.
 */
export class ControllerLoop {
  private readonly queues: Queue[];
  private scheduled = false;
  private stopped = false;

  constructor(
    private readonly store: ObjectStore,
    controllers: readonly Controller[],
    private readonly log: (message: string) => void,
  ) {
    this.queues = controllers.map((controller) => ({ controller, due: new Set(), timers: new Map(), failures: new Map() }));
    store.onChange((change) => this.enqueueConcerned(change));
  }

  /** Looks at everything that there is, as after a restart. */
  start(): void {
    for (const resource of RESOURCES) {
      for (const object of this.store.list(resource)) {
        this.enqueueConcerned({ type: 'ADDED', resource, object, version: this.store.version });
      }
    }
  }

  enqueue(name: string, keys: Iterable<string>): void {
    for (const queue of this.queues) {
      if (queue.controller.name === name) for (const key of keys) queue.due.add(key);
    }
    this.schedule();
  }

  stop(): void {
    this.stopped = true;
    for (const { timers, due } of this.queues) {
      for (const { timer } of timers.values()) clearTimeout(timer);
      timers.clear();
      due.clear();
    }
  }

  private enqueueConcerned(change: Change): void {
    for (const { controller, due } of this.queues) for (const key of controller.concerns(change)) due.add(key);
    if (!this.scheduled) this.schedule();
  }

  private schedule(): void {
    if (this.scheduled || this.stopped || this.queues.every(({ due }) => due.size === 0)) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.runTurn();
      this.schedule();
    });
  }

  /** A bounded number of keys, so that requests are answered in between. */
  private runTurn(): void {
    for (const queue of this.queues) {
      let left = PER_TURN;
      for (const key of queue.due) {
        if (this.stopped) return;
        if (left-- === 0) break;
        queue.due.delete(key);
        this.reconcile(queue, key);
      }
    }
  }

  private reconcile(queue: Queue, key: string): void {
    try {
      const after = queue.controller.reconcile(key);
      queue.failures.delete(key);
      if (after !== undefined) this.wakeAfter(queue, key, after);
    } catch (error) {
      const failures = (queue.failures.get(key) ?? 0) + 1;
      queue.failures.set(key, failures);
      this.log(`${queue.controller.name} ${key}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      this.wakeAfter(queue, key, Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LAST_RETRY_MS));
    }
  }

  private wakeAfter(queue: Queue, key: string, ms: number): void {
    const at = performance.now() + ms;
    const waiting = queue.timers.get(key);
    if (waiting && waiting.at <= at) return;
    if (waiting) clearTimeout(waiting.timer);
    const timer = setTimeout(
      () => {
        queue.timers.delete(key);
        queue.due.add(key);
        this.schedule();
      },
      Math.max(0, Math.min(Math.ceil(ms), 2 ** 31 - 1)),
    );
    queue.timers.set(key, { at, timer });
  }
}
