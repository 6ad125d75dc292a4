import { type Call, type FaultType, type FaultVerb } from './fault-rule';

export interface RequestCount {
  readonly client: string;
  readonly verb: FaultVerb;
  /** Plural, a part of it after a slash: `pods/log`. */
  readonly resource: string;
  calls: number;
  /** How many of the calls went wrong on purpose. */
  faults: number;
}

export interface RequestReport {
  /** RFC 3339. */
  readonly since: string;
  readonly calls: number;
  readonly faults: Readonly<Partial<Record<FaultType, number>>>;
  readonly requests: readonly RequestCount[];
}

/** The requests about objects since a moment. In memory only: a restart begins anew. */
export class RequestCounters {
  private since: number;
  private readonly counts = new Map<string, RequestCount>();
  private readonly faults = new Map<FaultType, number>();

  constructor(private readonly now: () => number) {
    this.since = now();
  }

  called(call: Call): void {
    this.countOf(call).calls++;
  }

  /** Of a call that was counted; without one it is a request about no object, during an outage. */
  struck(fault: FaultType, call?: Call): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
    if (call) this.countOf(call).faults++;
  }

  reset(): void {
    this.since = this.now();
    this.counts.clear();
    this.faults.clear();
  }

  report(): RequestReport {
    const requests = [...this.counts.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    return {
      since: new Date(this.since).toISOString(),
      calls: requests.reduce((sum, { calls }) => sum + calls, 0),
      faults: Object.fromEntries(this.faults),
      requests,
    };
  }

  private countOf({ client, verb, resource: plural, subresource }: Call): RequestCount {
    const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
    const key = keyOf({ client, verb, resource });
    const known = this.counts.get(key);
    if (known) return known;
    const count: RequestCount = { client, verb, resource, calls: 0, faults: 0 };
    this.counts.set(key, count);
    return count;
  }
}

const keyOf = ({ client, verb, resource }: Pick<RequestCount, 'client' | 'verb' | 'resource'>): string =>
  `${client} ${verb} ${resource}`;
