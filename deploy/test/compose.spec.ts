import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { checkEnvironment } from '../testing/process-config';

interface Service {
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string | number>>;
  readonly networks: readonly string[];
  readonly [field: string]: unknown;
}

const root = join(__dirname, '../..');
const file = join(root, 'docker-compose.yml');
const { services, networks, volumes } = parse(readFileSync(file, 'utf8'), { merge: true }) as {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean }>;
  volumes: Record<string, object>;
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

  it('keeps what each engine holds in a volume of its own, at the place where that engine keeps it', () => {
    const places = { eventstore: '/var/lib/eventstore', nats: '/data', mongo: '/data/db' };
    expect(Object.keys(volumes).sort()).toEqual([...Object.keys(places), 'deployment'].sort());
    for (const [name, place] of Object.entries(places)) expect(services[name]!['volumes']).toEqual([`${name}:${place}`]);
    expect(services['nats']!.command).toEqual(expect.arrayContaining(['--store_dir', places.nats]));
  });

  it('lets those two out that ask registries and clusters, and keeps the logs of instances where its one replica finds them', () => {
    const out = processes.filter(([, service]) => service.networks.includes('outside')).map(([name]) => name);
    expect(out.sort()).toEqual(['deployment', 'edge', 'release']);
    const { volumes: kept, tmpfs, environment } = services['deployment']!;
    expect({ kept, tmpfs }).toEqual({ kept: ['deployment:/data'], tmpfs: ['/tmp'] });
    expect(environment['SOUK_LOG_DIRECTORY']).toBe('/data/logs');
  });

  it('pins every image that is not built here by a tag', () => {
    for (const name of engines) expect(services[name]!.image).toMatch(/^[a-z/]+:\d+\.\d+/);
  });

  it('does not start without master keys', () => {
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(/SOUK_MASTER_KEYS: \$\{SOUK_MASTER_KEYS:\?/);
  });

  it.each(processes.map(([name]) => name))('tells %s what it has to know, and nothing that no process reads', (name) => {
    const given = Object.entries(services[name]!.environment).map(([key, value]) => [key, interpolated(String(value))]);
    const environment = Object.fromEntries(given) as Record<string, string>;
    expect(() => checkEnvironment(name, environment)).not.toThrow();
  });
});

/** As Compose does it where the shell has nothing but a master key. */
function interpolated(text: string): string {
  return text
    .replace(/\$\{SOUK_MASTER_KEYS:\?[^}]*\}/, Buffer.alloc(32).toString('base64'))
    .replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
}
