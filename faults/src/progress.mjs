/** Between two lines, in milliseconds, where the output is no terminal. */
const EVERY = 5_000;

/** Shows how far a test is: on a terminal in one line that changes, elsewhere a line every few seconds. */
export function progressTo(output, name) {
  let last = 0;
  let open = false;
  let latest = '';
  return {
    /** What it was told last. */
    get latest() {
      return latest;
    },
    /** `log(text)` may be called as often as one likes. */
    log(text) {
      latest = text;
      const line = `  ${name}: ${text}`;
      if (output.isTTY) {
        output.write(`\r\x1b[K${line.slice(0, output.columns - 1)}`);
        open = true;
      } else if (performance.now() - last >= EVERY || last === 0) {
        last = performance.now();
        output.write(`${line}\n`);
      }
    },
    end() {
      if (open) output.write('\n');
    },
  };
}
