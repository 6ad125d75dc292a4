import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../peers', import.meta.url));

/** Something to be compared with, from `bench/peers/<name>`; installed when it is first needed. */
export function requireFrom(name, log) {
  const peer = join(folder, name);
  if (!existsSync(join(peer, 'node_modules'))) install(peer, name, log);
  return createRequire(join(peer, 'package.json'));
}

function install(peer, name, log) {
  log(`installing bench/peers/${name}; what has to be compiled takes some minutes …`);
  // Headers that lie beside this Node.js are used where there are any: they need not be fetched then.
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include/node/node.h')) ? { npm_config_nodedir: prefix } : {};
  const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: peer,
    env: { ...process.env, ...headers },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error(`bench/peers/${name} could not be installed: see above`);
}
