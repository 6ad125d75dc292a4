import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { armFailpoints, failpoint, FailpointError, failpoints, type InvalidFailpoints } from '.';

const root = join(__dirname, '../../..');

describe('Failpoints', () => {
  afterEach(() => armFailpoints(undefined));

  it('stand in the code of a marketplace in one process once each, and there are no others', () => {
    expect(namesIn((file) => !isOfMongo(file)).sort()).toEqual(Object.keys(failpoints).sort());
  });

  it('stand at the same places in adapters to MongoDB, under the same names', () => {
    const names = namesIn(isOfMongo);
    expect(names).toEqual(expect.arrayContaining(['read-model.before-commit', 'vault.before-write']));
    expect(Object.keys(failpoints)).toEqual(expect.arrayContaining(names));
  });

  it('do nothing when they are not armed', () => {
    expect(() => failpoint('bus.before-ack')).not.toThrow();
  });

  it('throw, every time or at the time that was asked for', () => {
    armFailpoints('bus.before-ack=throw@2:ENOSPC, vault.before-write=throw');
    failpoint('bus.before-ack');
    expect(() => failpoint('bus.before-ack')).toThrow(new FailpointError('bus.before-ack', 'ENOSPC'));
    failpoint('bus.before-ack');
    for (const _ of [1, 2]) expect(() => failpoint('vault.before-write')).toThrow('EIO');
  });

  it('let the process stand still', () => {
    armFailpoints('bus.before-ack=delay:30');
    const before = performance.now();
    failpoint('bus.before-ack');
    expect(performance.now() - before).toBeGreaterThanOrEqual(25);
  });

  it('tell which of them were reached', () => {
    const folder = mkdtempSync(join(tmpdir(), 'souk-'));
    armFailpoints(`record:${join(folder, 'reached')}`);
    for (const name of ['bus.before-ack', 'bus.after-ack', 'bus.before-ack'] as const) failpoint(name);
    expect(readFileSync(join(folder, 'reached'), 'utf8')).toBe('bus.before-ack\nbus.after-ack\n');
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['bus.before-ack=kill@3', 3],
    ['random:1:1', 1],
    ['random:7:20', runOf('random:7:20').printed],
  ])('kill at the same place for the same plan: %s', (plan, printed) => {
    expect(runOf(plan)).toEqual({ printed, signal: 'SIGKILL', told: 'failpoint bus.before-ack: kill\n' });
  });

  it.each([
    // Acknowledged, or committed: an error would count against the next message, or against what is there.
    'bus.after-ack',
    'read-model.after-commit',
    // In the middle of what others wait for, where nothing can fail.
    'bus.before-checkpoint',
    'bus.after-checkpoint',
  ])('kill and delay, but never throw, where an error would mean nothing: %s', (name) => {
    expect(() => armFailpoints(`${name}=throw`)).toThrow('nothing can be thrown there');
    expect(() => armFailpoints(`${name}=kill@99,${name}=delay:0`)).not.toThrow();
  });

  it('are refused, all problems together, where the plan is none', () => {
    const problemsOf = (plan: string): readonly string[] => {
      try {
        armFailpoints(plan);
        return [];
      } catch (error) {
        return (error as InvalidFailpoints).problems;
      }
    };
    const [unknown, noForm] = problemsOf('bus.before-akc=kill,bus.before-ack');
    expect(unknown).toContain('there is no failpoint "bus.before-akc"; there are: lmdb.before-commit, event-store.before-write');
    expect(noForm).toContain('"bus.before-ack" is not of the form');
    expect(problemsOf('event-store.after-flush=throw:EIO')).toEqual([expect.stringContaining('nothing can be thrown there')]);
    expect(problemsOf('bus.before-ack=kill:3')).toHaveLength(1);
    expect(problemsOf('bus.before-ack=delay')).toHaveLength(1);
    expect(problemsOf('random:1')).toHaveLength(1);
  });
});

/** A process that reaches one point up to a thousand times, and prints a line before each. */
function runOf(plan: string): { readonly printed: number; readonly signal: string | null; readonly told: string } {
  const program = `
    const { armFailpoints, failpoint } = require(${JSON.stringify(__dirname + '/index.ts')});
    armFailpoints(process.argv[1]);
    for (let i = 0; i < 1000; i++) { require('node:fs').writeSync(1, '.'); failpoint('bus.before-ack'); }`;
  const hook = join(root, 'libs/event-sourcing/testing/typescript-hook.cjs');
  const { stdout, stderr, signal } = spawnSync(process.execPath, ['-r', hook, '-e', program, plan], { encoding: 'utf8' });
  return { printed: stdout.length, signal, told: stderr };
}

function sourcesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /(^|\/)src\/.*\.ts$/.test(name) && !name.endsWith('.spec.ts'))
    .map((name) => join(folder, name));
}

const isOfMongo = (file: string): boolean => /\bmongo\b/.test(file);

function namesIn(chosen: (file: string) => boolean): string[] {
  return ['libs', 'services']
    .flatMap((folder) => sourcesIn(join(root, folder)))
    .filter((file) => chosen(file.slice(root.length)))
    .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/\bfailpoint\('([^']+)'\)/g)].map(([, name]) => name!));
}
