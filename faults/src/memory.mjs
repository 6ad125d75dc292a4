import { readFileSync } from 'node:fs';
import { median } from '../../bench/src/statistics.mjs';

/** Memory of a process that is no file's, in KiB: pages of the stores come and go as the system likes. `undefined` where it is gone. */
function memoryOf(pid) {
  try {
    return Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}

/** How the memory of a process, in all its lives, goes on. */
export class MemoryWatch {
  #lives = [];

  /** @param age at which lives are compared, in milliseconds */
  constructor(age) {
    this.age = age;
  }

  /** To be called now and then, with the process as it is now. */
  sample(pid) {
    const memory = memoryOf(pid);
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
