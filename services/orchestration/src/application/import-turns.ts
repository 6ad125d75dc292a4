import { TooManyImports } from '../domain/configuration.errors';

export interface TurnLimits {
  /** Imports at a time. */
  readonly running: number;
  /** That wait for a turn, of all tenants and of one. */
  readonly waiting: number;
  readonly waitingOfOne: number;
}

/** Who may import next: a tenant one at a time, in the order in which they came, and nobody waits behind more than is bearable. */
export class ImportTurns {
  private readonly running = new Set<string>();
  private readonly waiting: { readonly tenant: string; readonly begin: () => void }[] = [];

  constructor(private readonly limits: TurnLimits) {}

  /** @throws TooManyImports */
  async inTurn<T>(tenant: string, work: () => Promise<T>): Promise<T> {
    await this.turn(tenant);
    try {
      return await work();
    } finally {
      this.running.delete(tenant);
      this.handOver();
    }
  }

  private async turn(tenant: string): Promise<void> {
    if (this.running.size < this.limits.running && !this.running.has(tenant)) {
      this.running.add(tenant);
      return;
    }
    const own = this.waiting.filter((other) => other.tenant === tenant).length;
    if (this.waiting.length >= this.limits.waiting || own >= this.limits.waitingOfOne) throw new TooManyImports();
    await new Promise<void>((begin) => this.waiting.push({ tenant, begin }));
  }

  /** The place is taken for the next one before it knows: whoever comes in between does not slip in. */
  private handOver(): void {
    const index = this.waiting.findIndex(({ tenant }) => !this.running.has(tenant));
    const [next] = index < 0 ? [] : this.waiting.splice(index, 1);
    if (!next) return;
    this.running.add(next.tenant);
    next.begin();
  }
}
