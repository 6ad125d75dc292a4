import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Credentials } from './access';
import { type EventStoreDbServerOptions, LARGEST_MAX_APPEND_BYTES, MAX_APPEND_BYTES } from './server-options';

export const USAGE = `usage: npm run eventstore -- [options]

Serves a folder of events by the gRPC protocol of EventStoreDB. Without options: on this machine alone, and everyone on it may write.

  --data <folder>            where the events lie; made where there is none       default ./data/eventstore
  --port <number>            0 is any free one                                    default 2113
  --host <address>           another one than of this machine wants --credentials and --tls-*, or --insecure
                                                                                  default 127.0.0.1
  --read-only                nobody may write
  --max-append-bytes <n>     what all events of one append may have together; 16767216 at most
                                                                                  default 1048576
  --credentials <file>       asked of everyone: a file with one line name:password. Official clients send them over TLS only
  --tls-cert <file>          certificate (chain), PEM
  --tls-key <file>           its key, PEM
  --insecure                 everyone who reaches that address may write
  --help`;

export type CommandOptions = Omit<EventStoreDbServerOptions, 'store'> & { readonly directory: string };

/** What is wrong with the command line, for people. */
export class BadUsage extends Error {
  readonly code = 'bad-usage';
}

/** `help` where that is asked for. @throws BadUsage with all problems at once */
export function optionsFrom(args: readonly string[]): CommandOptions | 'help' {
  const values = parsed(args);
  if (values.help) return 'help';
  const problems: string[] = [];
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) problems.push(`--port ${values.port} is no port`);
  const maxAppendBytes = Number(values['max-append-bytes']);
  if (!Number.isInteger(maxAppendBytes) || maxAppendBytes < 1 || maxAppendBytes > LARGEST_MAX_APPEND_BYTES)
    problems.push(`--max-append-bytes is a whole number from 1 to ${LARGEST_MAX_APPEND_BYTES}`);
  if ((values['tls-cert'] === undefined) !== (values['tls-key'] === undefined))
    problems.push('--tls-cert and --tls-key come together');
  const credentials = read(values.credentials, problems, credentialsIn);
  const certificate = read(values['tls-cert'], problems, (file) => file);
  const key = read(values['tls-key'], problems, (file) => file);
  const tls = certificate && key ? { certificate, key } : undefined;
  const local = isLocal(values.host);
  if (values.credentials !== undefined && values['tls-cert'] === undefined && !values.insecure)
    problems.push('--credentials want --tls-cert and --tls-key: official clients do not send them without');
  if (!local && !values.insecure && (values.credentials === undefined || values['tls-cert'] === undefined))
    problems.push(`--host ${values.host} can be reached from outside: give --credentials and --tls-*, or say --insecure`);
  if (problems.length > 0) throw new BadUsage(problems.join('\n'));
  return {
    directory: values.data,
    host: values.host,
    port,
    credentials,
    tls,
    readOnly: values['read-only'],
    maxAppendBytes,
    insecure: credentials === undefined,
  };
}

/** Addresses that nobody outside of this machine reaches. */
export function isLocal(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function parsed(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        data: { type: 'string', default: './data/eventstore' },
        port: { type: 'string', default: '2113' },
        host: { type: 'string', default: '127.0.0.1' },
        'read-only': { type: 'boolean', default: false },
        'max-append-bytes': { type: 'string', default: String(MAX_APPEND_BYTES) },
        credentials: { type: 'string' },
        'tls-cert': { type: 'string' },
        'tls-key': { type: 'string' },
        insecure: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (error) {
    throw new BadUsage(error instanceof Error ? error.message : String(error));
  }
}

function read<T>(file: string | undefined, problems: string[], make: (bytes: Buffer) => T | undefined): T | undefined {
  if (file === undefined) return undefined;
  try {
    const made = make(readFileSync(file));
    if (made === undefined) problems.push(`"${file}" does not hold one line name:password`);
    return made;
  } catch {
    problems.push(`"${file}" can not be read`);
    return undefined;
  }
}

function credentialsIn(file: Buffer): Credentials | undefined {
  const [, username, password] = /^([^:\s]+):(\S+)\s*$/.exec(file.toString()) ?? [];
  return username && password ? { username, password } : undefined;
}
