// What the demo prints: a line for every step, below it what happened.
const colours = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
const dim = (text) => paint('2', text);

export class Timeline {
  #started = performance.now();
  #steps = 0;

  chapter(title) {
    console.log(`\n${paint('1', title)}`);
  }

  /** One thing that was asked, done and checked. */
  async step(who, what, act) {
    console.log(`${dim(this.#clock())}  ${paint('36', who.padEnd(9))} ${what}`);
    const result = await act();
    this.#steps += 1;
    return result;
  }

  /** What happened on the cluster, or what was answered. */
  note(text, mark = '·') {
    console.log(`${dim(this.#clock())}            ${mark} ${text}`);
  }

  end() {
    console.log(`\ndemo: ${this.#steps} steps passed`);
  }

  #clock() {
    return `${((performance.now() - this.#started) / 1000).toFixed(2).padStart(6)} s`;
  }
}

/** A statement that must hold, or the demo has failed. */
export function expect(holds, statement, seen) {
  if (!holds)
    throw new Error(`expected that ${statement}${seen === undefined ? '' : `; seen: ${JSON.stringify(seen, null, 2)}`}`);
}
