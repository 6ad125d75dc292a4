import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from '../../bench/src/statistics.mjs';

const hook = fileURLToPath(new URL('./heap-on-signal.cjs', import.meta.url));

/** Environment of processes that tell of their heap; the folder is made. */
export function heapEnvironment(folder) {
  mkdirSync(folder, { recursive: true });
  return { SOUK_HEAPS: folder, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --require=${hook}` };
}

/** What a process has told since it was asked before, in bytes, and asks again. `undefined` where it has not, or is gone. */
function heapOf(folder, pid) {
  try {
    process.kill(pid, 'SIGUSR2');
    return Number(readFileSync(join(folder, String(pid)), 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

/** How the heap of a process, in all its lives, goes on: what is left after the garbage was collected. */
export class MemoryWatch {
  #lives = [];

  /** @param folder see {@link heapEnvironment}; @param age at which lives are compared, in milliseconds */
  constructor(folder, age) {
    this.folder = folder;
    this.age = age;
  }

  /** To be called now and then, with the process as it is now. */
  sample(pid) {
    const memory = heapOf(this.folder, pid);
    if (!memory) return;
    let life = this.#lives.at(-1);
    if (life?.pid !== pid) this.#lives.push((life = { pid, begun: performance.now(), samples: [] }));
    life.samples.push({ age: performance.now() - life.begun, memory });
  }

  get last() {
    return this.#lives.at(-1)?.samples.at(-1)?.memory ?? 0;
  }

  /** Of the last third of the lives against the first, all at the same age; 0.1 for a tenth more. 0 where too few got so old. */
  get betweenLives() {
    const atAge = this.#lives.flatMap(({ samples }) => samples.find(({ age }) => age >= this.age)?.memory ?? []);
    const third = Math.floor(atAge.length / 3);
    return third === 0 ? 0 : median(atAge.slice(-third)) / median(atAge.slice(0, third)) - 1;
  }

  /** Within the last life: its last quarter against its second. */
  get withinLife() {
    const { samples = [] } = this.#lives.at(-1) ?? {};
    const quarter = Math.floor(samples.length / 4);
    if (quarter === 0) return 0;
    const of = (part) => median(part.map(({ memory }) => memory));
    return of(samples.slice(-quarter)) / of(samples.slice(quarter, 2 * quarter)) - 1;
  }
}
