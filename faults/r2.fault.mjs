import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomOf } from '../bench/src/statistics.mjs';

const require = createRequire(import.meta.url);

const WRITERS = 64;
/** Appends, each of them contested by all writers; commands are dearer, since each attempt reads the stream. */
const SIZES = { full: { appends: 100_000, commands: 6_400 }, small: { appends: 2_000, commands: 128 } };
const REVISIONS_OF_A_STREAM = 128;

/** 64 writers on one stream, some answers lost: one winner at each revision, and whoever asks again gets the original answer. */
export async function run({ small, seed, log }) {
  const { LmdbEventStore } = require('../dist/libs/event-store/src/index.js');
  const { contestAppends, contestCommands } = require('../dist/libs/event-sourcing/testing/index.js');
  const { appends, commands } = small ? SIZES.small : SIZES.full;
  const folder = mkdtempSync(join(tmpdir(), 'souk-faults-'));
  const store = await LmdbEventStore.open({ directory: folder });
  const options = (revisions) => ({
    writers: WRITERS,
    streams: Math.ceil(revisions / REVISIONS_OF_A_STREAM),
    revisions: Math.min(revisions, REVISIONS_OF_A_STREAM),
    random: randomOf(seed),
    onRevision: ({ won, attempts }) => log(`${won} of ${revisions} revisions, ${attempts} attempts`),
  });
  try {
    const byAppend = await contestAppends(store, options(Math.ceil(appends / WRITERS)));
    const byCommand = await contestCommands(store, options(commands));
    const notOne = byAppend.notOne + byCommand.notOne;
    const otherAnswers = byAppend.otherAnswers + byCommand.otherAnswers;
    const ok = notOne + otherAnswers === 0 && byAppend.attempts >= appends;
    const figures = `appends=${byAppend.attempts} commands=${byCommand.won} not-one-winner=${notOne} other-answers=${otherAnswers}`;
    return { line: `R2 ${figures} ${ok ? 'ok' : 'FAILED'}`, ok, byAppend, byCommand };
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
