/** Numbers by text that were used of late: holds between `limit` and twice as many, and forgets the others. */
export class RecentNumbers {
  private young = new Map<string, number>();
  private old = new Map<string, number>();

  constructor(private readonly limit: number) {}

  get(key: string): number | undefined {
    const number = this.young.get(key);
    if (number !== undefined) return number;
    const older = this.old.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: string, number: number): void {
    this.young.set(key, number);
    if (this.young.size < this.limit) return;
    this.old = this.young;
    this.young = new Map();
  }
}
