import { millis } from '../objects/kube-object';
import { type Call, concerns, type Fault, type FaultRule, type SetRule } from './fault-rule';

/** What befalls one request: a delay, then perhaps one fault. */
export interface Strike {
  readonly latencyMs: number;
  readonly fault: Exclude<Fault, { type: 'latency' }> | undefined;
}

export interface RuleReport extends SetRule {
  /** Requests that it concerned while it held, and how many of them it struck. */
  readonly matched: number;
  readonly struck: number;
}

interface Armed {
  readonly rule: SetRule;
  matched: number;
  struck: number;
}

/**
 * Decides which requests go wrong, and how. Rules are asked in their order: delays add up, the first other fault that strikes is the one.
 * The n-th request that a rule concerns is struck or spared by its seed and n alone, so a plan plays the same again.
 */
export class FaultPlan {
  private armed: readonly Armed[] = [];

  constructor(
    rules: readonly SetRule[],
    private readonly now: () => number,
  ) {
    this.replace(rules);
  }

  /** The new rules; those that stay as they are keep their counts. */
  replace(rules: readonly SetRule[]): void {
    const before = new Map(this.armed.map((each) => [each.rule.id, each]));
    this.armed = rules.map((rule) => {
      const known = before.get(rule.id);
      return known?.rule.setAt === rule.setAt ? known : { rule, matched: 0, struck: 0 };
    });
  }

  /** @param only the one rule to ask */
  strike(call: Call, only?: string): Strike {
    let latencyMs = 0;
    for (const armed of this.armed) {
      if (only !== undefined && armed.rule.id !== only) continue;
      const { fault } = armed.rule;
      if (!concerns(armed.rule, call) || !this.strikes(armed)) continue;
      if (fault.type !== 'latency') return { latencyMs, fault };
      latencyMs += fault.ms;
    }
    return { latencyMs, fault: undefined };
  }

  /** The outage that holds now; it befalls requests that no other rule can speak of, too. */
  outage(): Extract<Fault, { type: 'outage' }> | undefined {
    for (const armed of this.armed) {
      const { fault } = armed.rule;
      if (fault.type === 'outage' && this.strikes(armed)) return fault;
    }
    return undefined;
  }

  report(): RuleReport[] {
    return this.armed.map(({ rule, matched, struck }) => ({ ...rule, matched, struck }));
  }

  /** Counts the request. */
  private strikes(armed: Armed): boolean {
    const { rule } = armed;
    const age = this.now() - millis(rule.setAt);
    if (age < (rule.fromMs ?? 0) || age >= (rule.untilMs ?? Infinity)) return false;
    const nth = armed.matched++;
    if (nth < (rule.skip ?? 0) || armed.struck >= (rule.times ?? Infinity)) return false;
    if (chance(rule.seed ?? 0, nth) >= (rule.probability ?? 1)) return false;
    armed.struck++;
    return true;
  }
}

/** `rules` as they are set now: each with an id, and with the time from which its own times count. */
export const setRules = (
  rules: readonly (FaultRule & { readonly setAt?: string })[],
  taken: ReadonlySet<string>,
  now: number,
): SetRule[] => {
  const ids = new Set([...taken, ...rules.flatMap(({ id }) => (id === undefined ? [] : [id]))]);
  const freeId = (): string => {
    let n = ids.size + 1;
    while (ids.has(`f${n}`)) n++;
    ids.add(`f${n}`);
    return `f${n}`;
  };
  return rules.map((rule) => ({ ...rule, id: rule.id ?? freeId(), setAt: rule.setAt ?? new Date(now).toISOString() }));
};

/** Between 0 and 1, evenly, from these two numbers alone (the finaliser of MurmurHash3). */
export const chance = (seed: number, nth: number): number => {
  let hash = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) ^ Math.imul(nth + 1, 0xc2b2_ae35);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85eb_ca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2_ae35);
  hash ^= hash >>> 16;
  return (hash >>> 0) / 2 ** 32;
};
