import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { Replica, type ReplicaOptions, type ReplicaState } from './replica';

/** How often names are looked up again: replicas come and go. Milliseconds. */
const RESOLVE_EVERY = 5_000;
/** In which order replicas are asked. */
const preference: Record<ReplicaState, number> = { ready: 0, unknown: 1, unready: 2, away: 3 };

/** All replicas of one service. */
export class Upstream {
  private replicas: Replica[] = [];
  private timer: NodeJS.Timeout | undefined;
  private turn = 0;

  /** @param addresses `host:port`; a host that has several addresses is several replicas */
  constructor(
    readonly service: string,
    private readonly addresses: readonly string[],
    private readonly options: ReplicaOptions,
    private readonly onState: (replica: Replica, service: string) => void,
  ) {}

  /** Fulfilled when every replica that is known was looked at once. */
  async start(): Promise<void> {
    await this.resolve();
    const areNames = this.addresses.some((address) => isIP(hostOf(address)) === 0);
    if (areNames) this.timer = setInterval(() => void this.resolve(), RESOLVE_EVERY).unref();
  }

  close(): void {
    clearInterval(this.timer);
    for (const replica of this.replicas) replica.close();
  }

  /** The one to be asked next: a ready one before others, of several the least busy one, by turns. `undefined` where all were tried. */
  choose(tried: ReadonlySet<Replica>): Replica | undefined {
    const { replicas } = this;
    let best: Replica | undefined;
    for (let i = 0; i < replicas.length; i++) {
      const replica = replicas[(this.turn + i) % replicas.length]!;
      if (tried.has(replica)) continue;
      if (!best || isBefore(replica, best)) best = replica;
    }
    this.turn++;
    return best;
  }

  get states(): readonly { readonly address: string; readonly state: ReplicaState }[] {
    return this.replicas.map(({ address, state }) => ({ address, state }));
  }

  get isReady(): boolean {
    return this.replicas.some(({ state }) => state === 'ready');
  }

  private async resolve(): Promise<void> {
    const resolved = await Promise.all(this.addresses.map((address) => this.addressesOf(address)));
    const wanted = new Set(resolved.flat());
    const gone = this.replicas.filter(({ address }) => !wanted.has(address));
    const known = new Set(this.replicas.map(({ address }) => address));
    const added = [...wanted].filter((address) => !known.has(address)).map((address) => this.replicaAt(address));
    this.replicas = [...this.replicas.filter((replica) => !gone.includes(replica)), ...added];
    for (const replica of gone) replica.close();
    await Promise.all(added.map((replica) => replica.start()));
  }

  /** A name that can't be looked up at the moment stands for what it stood for. */
  private async addressesOf(address: string): Promise<readonly string[]> {
    const host = hostOf(address);
    if (isIP(host) !== 0) return [address];
    const { port } = new URL(`http://${address}`);
    try {
      const found = await lookup(host, { all: true });
      return found.map(({ address: ip, family }) => `${family === 6 ? `[${ip}]` : ip}:${port}`);
    } catch {
      return this.replicas.map((replica) => replica.address);
    }
  }

  private replicaAt(address: string): Replica {
    const replica: Replica = new Replica(address, this.options, () => this.onState(replica, this.service));
    return replica;
  }
}

function isBefore(a: Replica, b: Replica): boolean {
  const difference = preference[a.state] - preference[b.state];
  return difference < 0 || (difference === 0 && a.load < b.load);
}

function hostOf(address: string): string {
  return new URL(`http://${address}`).hostname.replaceAll(/^\[|\]$/g, '');
}
