import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type ComposeImport, type ComposeOptions, importCompose, unreadable } from '@souk/compose';
import { ComposeImporter } from '../application/compose-importer.port';
import { ImportTurns } from '../application/import-turns';

/** Threads at a time; whoever comes later waits. */
const TURNS = { running: 2, waiting: 16, waitingOfOne: 4 };
const MAX_MILLISECONDS = 15_000;
const MAX_MEGABYTES = 256;

/** Where sources run as they are (in tests), there is no file that a thread could begin with, and imports run in place. */
const compiled = join(__dirname, 'compose.worker.js');

/** Each import in a thread of its own, which is ended when it takes too long or too much. */
export class ThreadedComposeImporter extends ComposeImporter {
  private readonly turns = new ImportTurns(TURNS);

  async importCompose(yaml: string, options: ComposeOptions, tenant: string): Promise<ComposeImport> {
    if (!existsSync(compiled)) return importCompose(yaml, options);
    return this.turns.inTurn(tenant, () => inThread(yaml, options));
  }
}

function inThread(yaml: string, options: ComposeOptions): Promise<ComposeImport> {
  const thread = new Worker(compiled, {
    workerData: { yaml, options },
    resourceLimits: { maxOldGenerationSizeMb: MAX_MEGABYTES },
  });
  return new Promise<ComposeImport>((resolve, reject) => {
    const limit = setTimeout(() => {
      resolve(unreadable('import-took-too-long', `the import was given up after ${MAX_MILLISECONDS / 1000} s`));
      void thread.terminate();
    }, MAX_MILLISECONDS);
    thread.once('message', resolve);
    thread.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ERR_WORKER_OUT_OF_MEMORY')
        resolve(unreadable('import-took-too-much', 'the import needs too much memory'));
      else reject(error);
    });
    thread.once('exit', (code) => {
      clearTimeout(limit);
      reject(new Error(`the thread of an import has ended with ${code} and without an answer`));
    });
  });
}
