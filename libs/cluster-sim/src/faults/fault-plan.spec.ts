import { FaultPlan, chance, setRules } from './fault-plan';
import { type Call, type FaultRule } from './fault-rule';
import { problemsOfFaultPlan, problemsOfFaultRule } from './fault-rule.problems';

const call = (changes: Partial<Call> = {}): Call => ({
  verb: 'patch',
  resource: 'jobs',
  namespace: 'inst-1',
  name: 'init',
  subresource: undefined,
  client: 'souk',
  ...changes,
});

describe('A fault plan', () => {
  let now = 0;
  const planOf = (...rules: FaultRule[]): FaultPlan => {
    now = 1_000_000;
    return new FaultPlan(setRules(rules, new Set(), now), () => now);
  };
  const struck = (plan: FaultPlan, changes: Partial<Call> = {}): string | undefined => plan.strike(call(changes)).fault?.type;

  it('strikes what its rules match, and nothing else', () => {
    const plan = planOf({
      match: { verbs: ['patch'], resource: 'jobs', namespace: 'inst-*', client: 'souk' },
      fault: { type: 'timeout' },
    });
    expect(struck(plan)).toBe('timeout');
    for (const other of [{ verb: 'get' }, { resource: 'pods' }, { namespace: 'shop' }, { client: 'kubectl' }] as const)
      expect(struck(plan, other)).toBeUndefined();
  });

  it('adds delays up, and takes the first other fault', () => {
    const plan = planOf(
      { fault: { type: 'latency', ms: 5 } },
      { fault: { type: 'latency', ms: 7 } },
      { fault: { type: 'reset' } },
      { fault: { type: 'timeout' } },
    );
    expect(plan.strike(call())).toEqual({ latencyMs: 12, fault: { type: 'reset' } });
  });

  it('spares the first, and strikes so many', () => {
    const plan = planOf({ fault: { type: 'status', code: 503 }, skip: 1, times: 2 });
    expect([1, 2, 3, 4].map(() => struck(plan))).toEqual([undefined, 'status', 'status', undefined]);
    expect(plan.report()).toMatchObject([{ id: 'f1', matched: 4, struck: 2 }]);
  });

  it('strikes a share of the requests, the same ones for the same seed', () => {
    const pattern = (seed: number): string => {
      const plan = planOf({ fault: { type: 'reset' }, probability: 0.3, seed });
      return Array.from({ length: 200 }, () => (struck(plan) ? 'x' : '.')).join('');
    };
    expect(pattern(7)).toBe(pattern(7));
    expect(pattern(8)).not.toBe(pattern(7));
    const hits = [...pattern(7)].filter((each) => each === 'x').length;
    expect(hits).toBeGreaterThan(40);
    expect(hits).toBeLessThan(80);
  });

  it('holds for its time only', () => {
    const plan = planOf({ fault: { type: 'outage' }, fromMs: 100, untilMs: 200 });
    const out = [0, 100, 199, 200].map((ms) => {
      now = 1_000_000 + ms;
      return plan.outage() !== undefined;
    });
    expect(out).toEqual([false, true, true, false]);
  });

  it('lets watches alone where a fault is not for them, and the others where it is for watches', () => {
    const plan = planOf({ fault: { type: 'stall' } }, { fault: { type: 'gone' } });
    expect(struck(plan)).toBeUndefined();
    expect(struck(plan, { verb: 'watch' })).toBe('stall');
    expect(struck(plan, { verb: 'list' })).toBe('gone');
  });

  it('keeps the counts of rules that stay', () => {
    const plan = planOf({ id: 'a', fault: { type: 'reset' }, times: 1 });
    expect(struck(plan)).toBe('reset');
    const [kept] = plan.report();
    plan.replace([
      { id: 'a', setAt: kept!.setAt, fault: kept!.fault, times: 1 },
      ...setRules([{ fault: { type: 'timeout' } }], new Set(['a']), now),
    ]);
    expect(struck(plan)).toBe('timeout');
  });

  it('has chances that are spread evenly', () => {
    const mean = Array.from({ length: 1000 }, (_, n) => chance(n % 10, n)).reduce((sum, each) => sum + each, 0) / 1000;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
  });
});

describe('The check of a fault plan', () => {
  it.each<[string, unknown, string]>([
    ['no object', 7, 'a rule is an object'],
    ['no fault', {}, 'fault must be an object'],
    ['an unknown fault', { fault: { type: 'fire' } }, 'fault.type must be one of status, timeout'],
    ['a status without a code', { fault: { type: 'status' } }, 'fault.code is needed for "status"'],
    ['a code that is none of them', { fault: { type: 'status', code: 418 } }, 'fault.code must be one of 409'],
    ['an unknown field', { fault: { type: 'reset' }, often: true }, 'unknown field "often"'],
    ['an unknown field of a fault', { fault: { type: 'reset', ms: 5 } }, 'unknown field "fault.ms"'],
    ['an unknown field of a match', { match: { kind: 'Pod' }, fault: { type: 'reset' } }, 'unknown field "match.kind"'],
    ['an unknown verb', { match: { verbs: ['fetch'] }, fault: { type: 'reset' } }, 'match.verbs must be a list of get'],
    ['a share over one', { fault: { type: 'reset' }, probability: 1.5 }, 'probability must be a number between 0 and 1'],
    ['half a time', { fault: { type: 'reset' }, times: 0.5 }, 'times must be a whole number'],
    ['an end before the beginning', { fault: { type: 'reset' }, fromMs: 5, untilMs: 5 }, 'untilMs must be more than fromMs'],
    ['a stall of writes', { match: { verbs: ['patch'] }, fault: { type: 'stall' } }, 'can not happen to: patch'],
    ['an outage of some', { match: { verbs: ['get'] }, fault: { type: 'outage' } }, 'match can not be given'],
    ['a bad id', { id: 'a b', fault: { type: 'reset' } }, 'id must be 1 to 64'],
  ])('refuses %s', (_what, rule, problem) => {
    expect(problemsOfFaultRule(rule).join('; ')).toContain(problem);
  });

  it('says everything at once, and where', () => {
    const plan = [
      { id: 'a', fault: { type: 'reset' } },
      { id: 'a', fault: { type: 'status' }, skip: -1 },
    ];
    expect(problemsOfFaultPlan(plan)).toEqual([
      'faults[1]: skip must be a whole number >= 0',
      'faults[1]: fault.code is needed for "status"',
      'faults: the id "a" is there twice',
    ]);
  });
});
