import { appendFileSync, writeSync } from 'node:fs';
import type { FailpointName } from './names';
import { type Fault, parsePlan, type Plan } from './plan';

/** What a failpoint throws: an error as the operating system has them. */
export class FailpointError extends Error {
  constructor(
    readonly failpoint: FailpointName,
    readonly code: string,
  ) {
    super(`${code}: failpoint ${failpoint}`);
    this.name = new.target.name;
  }
}

let reach: ((name: FailpointName) => void) | undefined;

/** A place where a process can be made to die, fail or stand still, to see that nothing is lost by it. Does nothing unless armed. */
export function failpoint(name: FailpointName): void {
  if (reach !== undefined) reach(name);
}

/**
 * Arms the failpoints of this process; without a plan, disarms them. Never in production.
 * @param text see {@link parsePlan}
 * @throws InvalidFailpoints
 */
export function armFailpoints(text: string | undefined): void {
  reach = text ? follow(parsePlan(text)) : undefined;
}

function follow(plan: Plan): (name: FailpointName) => void {
  switch (plan.kind) {
    case 'record':
      return recordTo(plan.file);
    case 'random':
      return killAtRandom(plan.seed, plan.mean);
    case 'faults':
      return make(plan.faults);
  }
}

function make(faults: readonly Fault[]): (name: FailpointName) => void {
  const reached = new Map<FailpointName, number>();
  return (name) => {
    const count = (reached.get(name) ?? 0) + 1;
    reached.set(name, count);
    for (const fault of faults) if (fault.name === name && (fault.at ?? count) === count) happen(fault);
  };
}

function happen(fault: Fault): void {
  switch (fault.action) {
    case 'kill':
      die(fault.name);
      return;
    case 'throw':
      throw new FailpointError(fault.name, fault.code);
    case 'delay':
      // The whole process stands still, as on a machine that is frozen for a moment: what others do meanwhile is what matters.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, fault.ms);
  }
}

function killAtRandom(seed: number, mean: number): (name: FailpointName) => void {
  const random = randomOf(seed);
  return (name) => {
    if (random() * mean < 1) die(name);
  };
}

function recordTo(file: string): (name: FailpointName) => void {
  const known = new Set<FailpointName>();
  return (name) => {
    if (known.has(name)) return;
    known.add(name);
    appendFileSync(file, `${name}\n`);
  };
}

function die(name: FailpointName): void {
  writeSync(2, `failpoint ${name}: kill\n`);
  process.kill(process.pid, 'SIGKILL');
}

/** From 0 (inclusive) to 1 (exclusive), the same for the same seed. mulberry32, by Tommy Ettinger (public domain). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
