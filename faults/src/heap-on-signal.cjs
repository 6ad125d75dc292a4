/* global process */
// Loaded into the processes of a soak: at SIGUSR2 the garbage is collected, and what is left of the heap is told, in bytes, in
// $SOUK_HEAPS/<pid>. Resident memory alone tells how lazy the collector is.
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
process.on('SIGUSR2', () => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  writeFileSync(join(process.env.SOUK_HEAPS, String(process.pid)), String(heapUsed + external));
});
