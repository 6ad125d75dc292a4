import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

interface Service {
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string | number>>;
  readonly networks: readonly string[];
  readonly [field: string]: unknown;
}

const root = join(__dirname, '../..');
const file = join(root, 'docker-compose.yml');
const { services, networks } = parse(readFileSync(file, 'utf8'), { merge: true }) as {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean }>;
};
const engines = ['eventstore', 'nats', 'mongo'];
const processes = Object.entries(services).filter(([name]) => !engines.includes(name));

/** Which of them is installed here. */
const compose = [['docker', 'compose'], ['docker-compose']].find(
  ([command, ...args]) => spawnSync(command!, [...args, 'version'], { encoding: 'utf8' }).status === 0,
);
if (!compose)
  process.stdout.write('compose.spec.ts: not checked against the schema, since Docker Compose is not installed here\n');

describe('docker-compose.yml', () => {
  (compose ? it : it.skip)('fits the schema of the Compose specification, by Docker Compose itself', () => {
    const [command, ...args] = compose!;
    const environment = { ...process.env, SOUK_MASTER_KEYS: 'x' };
    const { status, stderr } = spawnSync(command!, [...args, '-f', file, 'config', '--quiet'], {
      env: environment,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toMatchObject({ status: 0 });
  });

  it('runs every service that there is, each by its own main', () => {
    const folders = readdirSync(join(root, 'services')).filter((name) => name !== 'marketplace');
    const known = new Set([...folders, 'edge']);
    expect(processes.map(([name]) => name).sort()).toEqual([...known].sort());
    for (const [name, { command }] of processes) expect(command).toEqual([`dist/services/${name}/src/main.js`]);
  });

  it('gives no process of Souk more than it needs', () => {
    for (const [, service] of processes)
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
  });

  it('publishes the edge alone, and lets engines be reached by services only', () => {
    expect(Object.entries(services).flatMap(([name, { ports }]) => (ports ? [name] : []))).toEqual(['edge']);
    expect(networks).toMatchObject({ services: { internal: true }, engines: { internal: true } });
    expect(services['edge']!.networks).not.toContain('engines');
    for (const name of engines) expect(services[name]!.networks).toEqual(['engines']);
  });

  it('waits for what is needed, and knows how everything is', () => {
    for (const name of engines) expect(services[name]).toHaveProperty('healthcheck');
    const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
    expect(dockerfile).toMatch(/^HEALTHCHECK /m);
    expect(Object.keys(services['edge']!['depends_on'] as object).sort()).toEqual(
      processes
        .map(([name]) => name)
        .filter((name) => name !== 'edge')
        .sort(),
    );
  });

  it('pins every image that is not built here by a tag', () => {
    for (const name of engines) expect(services[name]!.image).toMatch(/^[a-z/]+:\d+\.\d+/);
  });

  it('does not start without master keys', () => {
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(/SOUK_MASTER_KEYS: \$\{SOUK_MASTER_KEYS:\?/);
  });
});
