import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Whether `dist/` is there, as `npm test` makes it. */
export function isBuilt(): boolean {
  return existsSync(join(__dirname, '../../dist/.built'));
}
