import { parentPort, workerData } from 'node:worker_threads';
import { type ComposeOptions, importCompose } from '@souk/compose';

// One import in a thread of its own: see `ThreadedComposeImporter`.
const { yaml, options } = workerData as { readonly yaml: string; readonly options: ComposeOptions };
parentPort!.postMessage(importCompose(yaml, options));
