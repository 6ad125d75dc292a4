import { existsSync } from 'node:fs';

/** An EventStoreDB for specs, where there is one. */
export interface RealServer {
  readonly name: string;
  start(): Promise<{ readonly connectionString: string; stop(): Promise<unknown> }>;
}

const IMAGE = 'eventstore/eventstore:23.10.1-jammy';
const PORT = 2113;

/** By `EVENTSTORE_URL` (`esdb://…`), else by Docker; otherwise why there is none. */
export function realServer(): RealServer | string {
  const { EVENTSTORE_URL: connectionString, DOCKER_HOST } = process.env;
  if (connectionString !== undefined)
    return { name: 'EVENTSTORE_URL', start: () => Promise.resolve({ connectionString, stop: () => Promise.resolve() }) };
  if (DOCKER_HOST !== undefined || existsSync('/var/run/docker.sock')) return { name: IMAGE, start: startContainer };
  return 'neither EVENTSTORE_URL is set, nor is there Docker';
}

async function startContainer(): Promise<{ readonly connectionString: string; stop(): Promise<unknown> }> {
  const { GenericContainer, Wait } = await import('testcontainers');
  const container = await new GenericContainer(IMAGE)
    .withCommand(['--insecure', '--mem-db', '--run-projections=None'])
    .withExposedPorts(PORT)
    .withWaitStrategy(Wait.forHttp('/health/live', PORT).forStatusCode(204))
    .start();
  const connectionString = `esdb://${container.getHost()}:${container.getMappedPort(PORT)}?tls=false`;
  return { connectionString, stop: () => container.stop() };
}
