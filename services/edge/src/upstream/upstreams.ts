import { setTimeout as delay } from 'node:timers/promises';
import { type Service, services } from '../routes';
import { type ForwardedAnswer, type ForwardedRequest, ReplicaFailed, ServiceFailed, whole } from './exchange';
import type { Replica, ReplicaOptions } from './replica';
import { Upstream } from './upstream';

export interface UpstreamsOptions extends Partial<ReplicaOptions> {
  /** By service, `host:port` of each replica. */
  readonly addresses: Readonly<Record<Service, readonly string[]>>;
  /** How long a service may be away before a request to it fails, in milliseconds. Default 3,000. */
  readonly patience?: number;
  /** For logs and metrics. */
  readonly onState?: (change: { readonly service: string; readonly replica: string; readonly state: string }) => void;
  readonly onRetry?: (retry: { readonly service: string; readonly replica: string; readonly reason: string }) => void;
}

/** Between two rounds over replicas that were all away, in milliseconds. */
const ROUND = 100;

/**
 * The services behind the edge. A request goes to one replica. It goes to another one
 * - where it has not arrived: always;
 * - where the connection broke, or the replica is ending: unless it uses something up (`once`). All other requests may come twice: those that write
 *   carry an Idempotency-Key, their own or one of the edge, and billing events are known by their content;
 * - where it was misdirected (421): what only one replica does is done by another.
 */
export class Upstreams {
  private readonly upstreams: ReadonlyMap<string, Upstream>;
  private readonly patience: number;
  private readonly onRetry: NonNullable<UpstreamsOptions['onRetry']>;

  constructor({ addresses, patience = 3_000, onState, onRetry = () => undefined, ...more }: UpstreamsOptions) {
    const options: ReplicaOptions = { connectWithin: 2_000, answerWithin: 60_000, lookEvery: 500, ...more };
    const changed = ({ address, state }: Replica, service: string): void => onState?.({ service, replica: address, state });
    this.upstreams = new Map(services.map((name) => [name, new Upstream(name, addresses[name], options, changed)]));
    this.patience = patience;
    this.onRetry = onRetry;
  }

  /** Fulfilled when every replica was looked at once, whatever came of it. */
  async start(): Promise<void> {
    await Promise.all([...this.upstreams.values()].map((upstream) => upstream.start()));
  }

  close(): void {
    for (const upstream of this.upstreams.values()) upstream.close();
  }

  /** Every service and its replicas. */
  get states(): readonly Upstream[] {
    return [...this.upstreams.values()];
  }

  /** @throws ServiceFailed */
  async forward(service: Service, request: ForwardedRequest): Promise<ForwardedAnswer> {
    const upstream = this.upstreams.get(service)!;
    const end = performance.now() + this.patience;
    const tried = new Set<Replica>();
    let misdirected: ForwardedAnswer | undefined;
    for (;;) {
      const replica = upstream.choose(tried);
      if (!replica) {
        if (misdirected) return misdirected;
        if (performance.now() > end || request.signal?.aborted) throw new ServiceFailed(service, 503);
        await delay(ROUND);
        tried.clear();
        continue;
      }
      tried.add(replica);
      const answer = await this.attempt(service, replica, request);
      if (answer?.status !== 421) {
        if (answer) return answer;
        continue;
      }
      misdirected = await whole(answer);
      this.onRetry({ service, replica: replica.address, reason: 'misdirected' });
    }
  }

  /** `undefined` where another one may be asked. */
  private async attempt(service: Service, replica: Replica, request: ForwardedRequest): Promise<ForwardedAnswer | undefined> {
    try {
      const answer = await replica.send(request);
      if (!isEnding(answer) || request.once) return answer;
      answer.body.destroy();
      this.onRetry({ service, replica: replica.address, reason: 'ending' });
    } catch (error) {
      if (!(error instanceof ReplicaFailed)) throw error;
      if (error.how === 'late') throw new ServiceFailed(service, 504, { cause: error });
      if (error.how === 'broken' && (request.once || request.signal?.aborted))
        throw new ServiceFailed(service, 502, { cause: error });
      this.onRetry({ service, replica: replica.address, reason: error.how });
    }
    return undefined;
  }
}

/** A server that closes answers so before any route has seen the request; problems of the service itself have another type. */
function isEnding({ status, headers }: ForwardedAnswer): boolean {
  return status === 503 && headers.connection === 'close' && !headers['content-type']?.startsWith('application/problem+json');
}
