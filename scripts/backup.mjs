// `npm run backup -- <folder>`: a copy of the data folder, also while the marketplace runs. The copy is a data folder itself.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfNeeded } from './build.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [into, ...more] = process.argv.slice(2);
if (!into || into.startsWith('-') || more.length > 0) {
  console.error('usage: npm run backup -- <new folder>     SOUK_DATA_DIR says what is copied, ./data by default');
  process.exit(into === '--help' ? 0 : 2);
}
buildIfNeeded();
const { backUp } = createRequire(import.meta.url)('../dist/services/marketplace/src/backup.js');
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const dataDir = resolve(process.env.SOUK_DATA_DIR ?? './data');
const begun = performance.now();
try {
  const note = await backUp({ dataDir, into: resolve(into), version }, (part) => console.log(`  ${part} …`));
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(`${note.events} events, ${(note.bytes / 2 ** 20).toFixed(1)} MiB in ${seconds} s; up to position ${note.position}`);
  console.log(`To run on it: SOUK_DATA_DIR=${relative(process.cwd(), resolve(into)) || '.'} npm start`);
} catch (error) {
  if (error.code === undefined) throw error;
  console.error(`no backup was made: ${error.message}`);
  process.exit(1);
}
