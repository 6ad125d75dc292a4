// Progress on a terminal: one line, drawn again and again. Elsewhere: a line every few seconds.

const WIDTH = 30;
const LINE_EVERY_MS = 3_000;

export class ProgressBar {
  #printedAt = -Infinity;

  constructor(label, out = process.stdout) {
    this.label = label;
    this.out = out;
  }

  /** `{ status?, events, eventsToFold, eventsPerSecond, secondsLeft? }` */
  show(progress) {
    if (this.out.isTTY) return void this.out.write(`\r\x1b[K${progressLine(this.label, progress)}`);
    if (performance.now() - this.#printedAt < LINE_EVERY_MS) return;
    this.#printedAt = performance.now();
    this.out.write(`${progressLine(this.label, progress)}\n`);
  }

  /** The last line, in the place of the bar. */
  end(line) {
    this.out.write(this.out.isTTY ? `\r\x1b[K${line}\n` : `${line}\n`);
  }
}

/** `apps  [███████████████···············]  50 %  500 of 1000 events  120/s  5 s left` */
function progressLine(label, { status, events, eventsToFold, eventsPerSecond, secondsLeft }) {
  const part = eventsToFold === 0 ? 1 : Math.min(1, events / eventsToFold);
  const filled = Math.floor(part * WIDTH);
  const bar = '█'.repeat(filled) + '·'.repeat(WIDTH - filled);
  const rate = eventsPerSecond > 0 ? [`${eventsPerSecond}/s`] : [];
  const rest =
    (status === undefined || status === 'folding') && secondsLeft !== undefined
      ? [`${secondsLeft} s left`]
      : [status ?? []].flat();
  const percent = `${String(Math.floor(part * 100)).padStart(3)} %`;
  return [`${label}  [${bar}] ${percent}`, `${events} of ${eventsToFold} events`, ...rate, ...rest].join('  ');
}
