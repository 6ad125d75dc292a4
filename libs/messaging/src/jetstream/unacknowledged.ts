import type { Receipt } from './partition-pull';

/**
 * What the broker is to be told of one partition when a checkpoint is durable that has it. It never has more than the broker waits for: what
 * comes again, because no checkpoint became durable in time, is acknowledged then, with all before it.
 */
export class Unacknowledged {
  private readonly receipts: Receipt[] = [];

  get size(): number {
    return this.receipts.length;
  }

  add(receipt: Receipt): void {
    this.receipts.push(receipt);
  }

  /** @param sequence in the stream, inclusive */
  acknowledgeUpTo(sequence: number): void {
    while (this.receipts[0] && this.receipts[0].sequence <= sequence) this.receipts.shift()!.acknowledge();
  }
}
