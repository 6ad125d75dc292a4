import { temporaryFolder } from '@souk/event-sourcing/testing';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BadUsage, optionsFrom } from './options';

describe('options of npm run eventstore', () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder.path, name), text);
    return join(folder.path, name);
  };
  const credentials = file('credentials', 'souk:pass:word\n');
  const tls = ['--tls-cert', file('cert.pem', 'cert'), '--tls-key', file('key.pem', 'key')];

  it('without any serves this machine, writable', () => {
    expect(optionsFrom([])).toMatchObject({
      host: '127.0.0.1',
      port: 2113,
      insecure: true,
      readOnly: false,
      maxAppendBytes: 1_048_576,
    });
  });

  it('takes larger appends where it is told to', () => {
    expect(optionsFrom(['--max-append-bytes', '8388608'])).toMatchObject({ maxAppendBytes: 8_388_608 });
  });

  it('with credentials and TLS may be reached from outside', () => {
    expect(optionsFrom(['--host', '0.0.0.0', '--credentials', credentials, ...tls])).toMatchObject({
      host: '0.0.0.0',
      insecure: false,
      credentials: { username: 'souk', password: 'pass:word' },
      tls: { certificate: Buffer.from('cert'), key: Buffer.from('key') },
    });
    expect(optionsFrom(['--host', '10.0.0.1', '--insecure'])).toMatchObject({ insecure: true });
  });

  it.each([
    ['an address from outside', ['--host', '0.0.0.0'], '--insecure'],
    ['the same, read-only', ['--host', '0.0.0.0', '--read-only'], '--insecure'],
    ['credentials that nobody would send', ['--credentials', credentials], '--tls-cert'],
    ['half of TLS', tls.slice(0, 2), 'come together'],
    ['a port that is none', ['--port', 'http'], 'http'],
    ['an append without an end', ['--max-append-bytes', '99999999'], 'from 1 to 16767216'],
    ['an append of nothing', ['--max-append-bytes', '0'], '--max-append-bytes'],
    ['a file that is none', ['--credentials', '/nowhere', ...tls], '/nowhere'],
    ['credentials that are none', ['--credentials', file('empty', 'souk'), ...tls], 'name:password'],
    ['an option that there is not', ['--verbose'], '--verbose'],
  ])('refuses %s', (_name, args, words) => {
    expect(() => optionsFrom(args)).toThrow(BadUsage);
    expect(() => optionsFrom(args)).toThrow(words);
  });

  it('never repeats what a file of credentials says', () => {
    expect(() => optionsFrom(['--credentials', file('wrong', 'secret'), ...tls])).not.toThrow('secret');
  });
});
