import { join } from 'node:path';

/** The proto files: `souk/<service>/v1/*.proto` is the public API, `souk/internal/v1/*.proto` what services ask each other. */
export const protoDirectory = join(__dirname, '../proto');
