/** Lets others wait for a condition over state that changes elsewhere. */
export class Signal {
  private readonly waiting = new Set<() => void>();

  /** The state has changed: whoever waits looks again. */
  notify(): void {
    for (const check of this.waiting) check();
  }

  /** Fulfilled when the condition holds, at once where it does already. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return;
        this.waiting.delete(check);
        resolve();
      };
      this.waiting.add(check);
      check();
    });
  }
}
