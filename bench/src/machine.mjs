import { spawnSync } from 'node:child_process';
import { cpus, release, tmpdir, totalmem, type } from 'node:os';

/** On what, and of what, the figures are. */
export function machine() {
  return {
    date: new Date().toISOString(),
    cpu: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
    fileSystem: outputOf('stat', ['-f', '-c', '%T', tmpdir()]),
    fsync: 'fdatasync of the data, then the meta page written through (O_DSYNC), before every acknowledgement',
    node: process.version,
    commit:
      outputOf('git', ['rev-parse', '--short', 'HEAD']) +
      (outputOf('git', ['status', '--porcelain']) === '' ? '' : ' with changes'),
  };
}

function outputOf(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : 'unknown';
}
