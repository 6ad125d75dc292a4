export const FAULT_VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'] as const;
export type FaultVerb = (typeof FAULT_VERBS)[number];

/** Statuses that a cluster in trouble answers with, whatever was asked. */
export const TROUBLE_CODES = [429, 500, 502, 503, 504] as const;
export type TroubleCode = (typeof TROUBLE_CODES)[number];
/** And the one that is about an object. */
export const FAULT_CODES = [409, ...TROUBLE_CODES] as const;
type FaultCode = (typeof FAULT_CODES)[number];

/** What happens to a request. `applied`: a write takes effect all the same. `afterEvents`: a watch goes well for so many events. */
export type Fault =
  | { readonly type: 'status'; readonly code: FaultCode; readonly retryAfterSeconds?: number; readonly applied?: boolean }
  | { readonly type: 'timeout'; readonly applied?: boolean }
  | { readonly type: 'reset'; readonly applied?: boolean; readonly afterBytes?: number; readonly afterEvents?: number }
  | { readonly type: 'latency'; readonly ms: number }
  | { readonly type: 'stall'; readonly afterEvents?: number }
  | { readonly type: 'gone'; readonly afterEvents?: number }
  | { readonly type: 'closed'; readonly afterEvents?: number }
  | { readonly type: 'outage'; readonly code?: TroubleCode };

export type FaultType = Fault['type'];

/** Which requests; what is left out may be anything, `*` stands for any part of a text. */
export interface FaultMatch {
  readonly verbs?: readonly FaultVerb[];
  /** Plural: `deployments`. */
  readonly resource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
  /** The user agent up to its first slash: `kubectl`. */
  readonly client?: string;
}

/** One line of a fault plan, as a file or a request states it. */
export interface FaultRule {
  readonly id?: string;
  readonly match?: FaultMatch;
  readonly fault: Fault;
  /** Of a request that matches to be struck, 0 to 1; 1 where it is not given. */
  readonly probability?: number;
  /** The same seed strikes the same requests. */
  readonly seed?: number;
  /** How many requests are struck at most. */
  readonly times?: number;
  /** How many matching requests are spared first. */
  readonly skip?: number;
  /** The rule holds between these, in milliseconds since it was set. */
  readonly fromMs?: number;
  readonly untilMs?: number;
}

/** A rule that is in force. `setAt` is a time in RFC 3339; kept, so that a restart does not begin an outage anew. */
export interface SetRule extends FaultRule {
  readonly id: string;
  readonly setAt: string;
}

/** One request, as rules look at it. */
export interface Call {
  readonly verb: FaultVerb;
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly client: string;
}

const OF_WATCHES: readonly FaultType[] = ['stall', 'closed'];

/** Does this rule speak of such a request? Says nothing about time and chance. */
export const concerns = ({ match = {}, fault }: FaultRule, call: Call): boolean => {
  if (fault.type === 'outage') return true;
  if (!isFor(fault, call.verb)) return false;
  if (match.verbs && !match.verbs.includes(call.verb)) return false;
  return TEXTS.every((field) => match[field] === undefined || fits(match[field], call[field] ?? ''));
};

const TEXTS = ['resource', 'namespace', 'name', 'subresource', 'client'] as const;

/** Some faults make sense for watches only; 410 for watches and lists. */
export const isFor = (fault: Fault, verb: FaultVerb): boolean => {
  if (fault.type === 'gone') return verb === 'watch' || (verb === 'list' && fault.afterEvents === undefined);
  return verb === 'watch' || !(OF_WATCHES.includes(fault.type) || 'afterEvents' in fault);
};

const fits = (pattern: string, text: string): boolean => {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(text);
};
