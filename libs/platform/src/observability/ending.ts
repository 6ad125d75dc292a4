import { Injectable } from '@nestjs/common';

/** Whether this process was asked to end. It still answers then, but whoever sends it requests is to look for another one. */
@Injectable()
export class Ending {
  private readonly listeners: (() => void)[] = [];
  private asked = false;

  get hasBegun(): boolean {
    return this.asked;
  }

  begin(): void {
    if (this.asked) return;
    this.asked = true;
    for (const listener of this.listeners) listener();
  }

  /** Tells once, when it begins. */
  onBegin(listener: () => void): void {
    this.listeners.push(listener);
  }
}
