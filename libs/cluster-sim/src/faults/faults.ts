import { type ConfigFile } from '../config';
import { FaultPlan, type RuleReport, setRules, type Strike } from './fault-plan';
import { type Call, type Fault, type FaultRule, type SetRule } from './fault-rule';
import { RequestCounters } from './request-counters';

/** Node's timers count up to this many milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The fault plan in force, kept in the configuration file, and the count of what it did. */
export class Faults {
  readonly counters: RequestCounters;
  private readonly plan: FaultPlan;
  private rules: readonly SetRule[];
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private begun: (rule: SetRule) => void = () => undefined;

  constructor(
    private readonly config: ConfigFile,
    private readonly now: () => number,
  ) {
    this.counters = new RequestCounters(now);
    this.rules = setRules(config.current.faults, new Set(), now());
    this.plan = new FaultPlan(this.rules, now);
  }

  /** `begun` is called when a rule begins to hold: what is under way already may be concerned too. */
  onBegin(begun: (rule: SetRule) => void): void {
    this.begun = begun;
    this.rules.forEach((rule) => this.await(rule));
  }

  /** In place of all rules. On disk when it returns, as with the others. */
  replace(rules: readonly FaultRule[]): void {
    this.setAll(setRules(rules, new Set(), this.now()));
  }

  add(rule: FaultRule): SetRule {
    const [added] = setRules([rule], new Set(this.rules.map(({ id }) => id)), this.now());
    this.setAll([...this.rules, added!]);
    return added!;
  }

  /** @returns whether there was one */
  remove(id: string): boolean {
    if (!this.has(id)) return false;
    this.setAll(this.rules.filter((rule) => rule.id !== id));
    return true;
  }

  has(id: string): boolean {
    return this.rules.some((rule) => rule.id === id);
  }

  report(): RuleReport[] {
    return this.plan.report();
  }

  /** What befalls this request. `only`: by that one rule. */
  strike(call: Call, only?: string): Strike {
    const strike = this.plan.strike(call, only);
    if (strike.fault) this.counters.struck(strike.fault.type, call);
    else if (strike.latencyMs > 0) this.counters.struck('latency', call);
    return strike;
  }

  /** Counts a request, and says whether the cluster is out of reach. `call`: where it is about objects. */
  arrived(call: Call | undefined): Extract<Fault, { type: 'outage' }> | undefined {
    if (call) this.counters.called(call);
    const outage = this.plan.outage();
    if (outage) this.counters.struck('outage', call);
    return outage;
  }

  close(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }

  private setAll(rules: readonly SetRule[]): void {
    const before = new Set(this.rules);
    this.config.setFaults(rules);
    this.rules = rules;
    this.plan.replace(rules);
    for (const { id } of before) {
      clearTimeout(this.timers.get(id));
      this.timers.delete(id);
    }
    for (const rule of rules) if (!before.has(rule) || this.isAhead(rule)) this.await(rule);
  }

  private isAhead({ setAt, fromMs = 0 }: SetRule): boolean {
    return this.now() < Date.parse(setAt) + fromMs;
  }

  private await(rule: SetRule): void {
    const age = this.now() - Date.parse(rule.setAt);
    if (age >= (rule.untilMs ?? Infinity)) return;
    const left = (rule.fromMs ?? 0) - age;
    if (left <= 0) this.begun(rule);
    else this.timers.set(rule.id, setTimeout(() => this.begun(rule), Math.min(left, LONGEST_TIMER_MS)).unref());
  }
}
