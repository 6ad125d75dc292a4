/* global process */
// Required into a process (`NODE_OPTIONS=--require`): when it ends, it leaves the names of the packages it had loaded in a file of its own.
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');

process.on('exit', () => {
  const names = Object.keys(require.cache).flatMap((file) => /.*node_modules\/(@[^/]+\/[^/]+|[^/]+)\//.exec(file)?.[1] ?? []);
  writeFileSync(join(process.env.SOUK_DATA_DIR, `loaded-packages-${process.pid}`), [...new Set(names)].join('\n'));
});
