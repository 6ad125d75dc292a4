import { comparePositions, type Position } from '@souk/event-sourcing';

interface Waiter {
  readonly position: Position;
  settle(reached: boolean): void;
}

/** Who waits for a read model to get somewhere. */
export class PositionWaiters {
  private readonly waiters = new Set<Waiter>();

  get count(): number {
    return this.waiters.size;
  }

  /** `true` when it got there, `false` when the time is over or nobody will get there any more. */
  wait(position: Position, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (reached: boolean): void => {
        clearTimeout(timer);
        this.waiters.delete(waiter);
        resolve(reached);
      };
      const waiter = { position, settle };
      const timer = setTimeout(() => settle(false), timeoutMs);
      this.waiters.add(waiter);
    });
  }

  reached(position: Position): void {
    for (const waiter of this.waiters) if (comparePositions(waiter.position, position) <= 0) waiter.settle(true);
  }

  giveUp(): void {
    for (const waiter of this.waiters) waiter.settle(false);
  }
}
