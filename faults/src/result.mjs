import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes `<folder>/<name>.json` and `<folder>/<name>.md`; a small run has files of its own beside those of the full one. */
export function writeResult(folder, name, facts, { line, ok, ...more }) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, facts.small ? `${name}.small` : name);
  const { error, ...details } = more;
  const result = { name, ok, line, facts, ...details, ...(error && { error: String(error.stack) }) };
  const text = [`# ${name}`, '', ...Object.entries(facts).map(([key, value]) => `- ${key}: ${value}`), '', `\`${line}\``, ''];
  writeFileSync(`${file}.json`, `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(`${file}.md`, text.join('\n'));
}
