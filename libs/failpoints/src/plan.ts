import { type FailpointName, failpoints } from './names';

/** What happens at a point. Everything but `kill` goes on happening where `at` is not given. */
export type Fault = { readonly name: FailpointName; /** Only the n-th time, from 1. */ readonly at?: number } & (
  | { readonly action: 'kill' }
  | { readonly action: 'throw'; readonly code: string }
  | { readonly action: 'delay'; readonly ms: number }
);

export type Plan =
  | { readonly kind: 'faults'; readonly faults: readonly Fault[] }
  /** At any point, with a chance of 1 in `mean`: the same ones for the same seed and the same way through the code. */
  | { readonly kind: 'random'; readonly seed: number; readonly mean: number }
  /** Nothing fails; the name of each point goes to the file when it is reached first. */
  | { readonly kind: 'record'; readonly file: string };

/** A plan that can't be read. */
export class InvalidFailpoints extends Error {
  readonly code = 'invalid-failpoints';
  constructor(readonly problems: readonly string[]) {
    super(`SOUK_FAILPOINTS is not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = new.target.name;
  }
}

/**
 * `event-store.after-flush=kill@17,bus.before-ack=throw@3:ENOSPC,kubernetes.after-call=delay:200`, or `random:<seed>:<mean>`, or
 * `record:<file>`.
 * @throws InvalidFailpoints with every problem
 */
export function parsePlan(text: string): Plan {
  const random = /^random:(\d+):([1-9]\d*)$/.exec(text);
  if (random) return { kind: 'random', seed: Number(random[1]), mean: Number(random[2]) };
  const record = /^record:(.+)$/.exec(text);
  if (record) return { kind: 'record', file: record[1]! };
  const problems: string[] = [];
  const faults = text.split(',').flatMap((entry) => {
    const fault = parseFault(entry.trim());
    if (typeof fault !== 'string') return [fault];
    problems.push(fault);
    return [];
  });
  if (problems.length > 0) throw new InvalidFailpoints(problems);
  return { kind: 'faults', faults };
}

/** Text: what is wrong. */
function parseFault(entry: string): Fault | string {
  const [, name = '', action, count, argument = ''] = /^([^=]*)=(kill|throw|delay)(?:@([1-9]\d*))?(?::(\w+))?$/.exec(entry) ?? [];
  if (action === undefined) return `"${entry}" is not of the form name=kill@n, name=throw@n:code or name=delay@n:ms`;
  if (!isFailpoint(name)) return `there is no failpoint "${name}"; there are: ${Object.keys(failpoints).join(', ')}`;
  const point = { name, ...(count !== undefined && { at: Number(count) }) };
  if (action === 'kill') return argument === '' ? { ...point, action } : `"${entry}": a kill takes no argument`;
  if (action === 'delay')
    return /^\d+$/.test(argument) ? { ...point, action, ms: Number(argument) } : `"${entry}" lacks its milliseconds`;
  if (!failpoints[name].throws) return `"${entry}": nothing can be thrown there, since no error happens there in life`;
  return { ...point, action: 'throw', code: argument || 'EIO' };
}

function isFailpoint(name: string): name is FailpointName {
  return Object.hasOwn(failpoints, name);
}
