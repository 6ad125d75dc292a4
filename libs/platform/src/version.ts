import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Version of this program. Its `package.json` is looked for from the sources, and from what is built of them. */
export function versionOfThis(): string {
  const file = ['../../../package.json', '../../../../package.json']
    .map((path) => join(__dirname, path))
    .find((path) => existsSync(path))!;
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
