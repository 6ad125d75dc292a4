/** Last revisions of streams that were used of late. Holds between `limit` and twice as many; forgets the others. */
export class HeadCache {
  private young = new Map<string, number>();
  private old = new Map<string, number>();

  constructor(private readonly limit: number) {}

  get(stream: string): number | undefined {
    const head = this.young.get(stream);
    if (head !== undefined) return head;
    const older = this.old.get(stream);
    if (older !== undefined) this.set(stream, older);
    return older;
  }

  set(stream: string, head: number): void {
    this.young.set(stream, head);
    if (this.young.size < this.limit) return;
    this.old = this.young;
    this.young = new Map();
  }
}
