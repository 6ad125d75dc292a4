// Compiles services and libs into dist/, and only when something has changed since.
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'dist', '.built');

function newest(folder) {
  let time = statSync(folder).mtimeMs;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) time = Math.max(time, newest(path));
    else if (/\.(ts|json|cjs|proto)$/.test(entry.name)) time = Math.max(time, statSync(path).mtimeMs);
  }
  return time;
}

function builtAt() {
  try {
    return statSync(stamp).mtimeMs;
  } catch {
    return 0;
  }
}

export function buildIfNeeded() {
  const changed = Math.max(newest(join(root, 'services')), newest(join(root, 'libs')), statSync(join(root, '.swcrc')).mtimeMs);
  if (builtAt() > changed) return;
  const started = Date.now();
  process.stderr.write('building … ');
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  const swc = join(root, 'node_modules', '@swc', 'cli', 'bin', 'swc.js');
  const result = spawnSync(process.execPath, [swc, 'services', 'libs', '-d', 'dist', '--config-file', '.swcrc', '--quiet'], {
    cwd: root,
    // What a script prints is its result.
    stdio: ['ignore', process.stderr, 'inherit'],
  });
  if (result.status !== 0) {
    console.error('the build has failed');
    process.exit(1);
  }
  cpSync(join(root, 'libs/contracts/proto'), join(root, 'dist/libs/contracts/proto'), { recursive: true });
  writeFileSync(stamp, '');
  console.error(`${((Date.now() - started) / 1000).toFixed(1)} s`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildIfNeeded();
