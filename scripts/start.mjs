// `npm start`: builds what has changed, then runs the marketplace in this process.
import { createRequire } from 'node:module';
import { buildIfNeeded } from './build.mjs';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Souk needs Node.js 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}
buildIfNeeded();
process.setSourceMapsEnabled(true);
createRequire(import.meta.url)('../dist/services/marketplace/src/main.js');
