// `npm run service -- <name>`: builds what has changed, then runs one service in this process. Its configuration is the environment.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { buildIfNeeded } from './build.mjs';

const [name] = process.argv.slice(2);
const known = ['app-catalog', 'orchestration', 'release', 'authorization', 'deployment', 'commerce', 'audit', 'edge'];
if (!known.includes(name) || !existsSync(fileURLToPath(new URL(`../services/${name}/src/main.ts`, import.meta.url)))) {
  console.error(`usage: npm run service -- <name>     one of ${known.join(', ')}`);
  process.exit(2);
}
buildIfNeeded();
process.setSourceMapsEnabled(true);
createRequire(import.meta.url)(`../dist/services/${name}/src/main.js`);
