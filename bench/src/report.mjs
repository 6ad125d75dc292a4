import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const number = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 });

/** `P2a@64 ratio=0.81 target>=0.75 ok`: what a script reads. */
export function lineOf({ id, ratio, target, verdict }) {
  return `${id} ratio=${ratio.toFixed(2)} ${target} ${verdict}`;
}

/** Writes `<folder>/<name>.json` and `<folder>/<name>.md`, and answers the text of the latter. */
export function writeReport(folder, name, machine, results) {
  mkdirSync(folder, { recursive: true });
  const rows = results.map(({ id, control, ours, ratio, spread, rounds, target, verdict }) => [
    id,
    number.format(control),
    number.format(ours),
    ratio.toFixed(2),
    `${(spread * 100).toFixed(1)} %`,
    rounds,
    target,
    verdict,
  ]);
  const table = [['figure', 'control', 'ours', 'ratio', 'spread', 'rounds', 'target', 'verdict'], Array(8).fill('---'), ...rows];
  const text = [
    `# ${name}`,
    '',
    ...Object.entries(machine).map(([key, value]) => `- ${key}: ${value}`),
    '',
    ...table.map((row) => `| ${row.join(' | ')} |`),
    '',
  ].join('\n');
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify({ name, machine, results }, null, 2)}\n`);
  writeFileSync(join(folder, `${name}.md`), text);
  return text;
}
