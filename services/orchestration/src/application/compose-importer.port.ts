import type { ComposeImport, ComposeOptions } from '@souk/compose';

/**
 * Makes topologies of Compose documents, as `importCompose` says. Whatever is written in a document, the answer comes after a bounded time, and everybody
 * else is served meanwhile: a document of a megabyte takes a second of computing, and one that was made to take forever is given up.
 */
export abstract class ComposeImporter {
  /** @throws TooManyImports for whom too many others stand before */
  abstract importCompose(yaml: string, options: ComposeOptions, tenant: string): Promise<ComposeImport>;
}
