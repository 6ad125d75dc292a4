import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { connectMongo, type MongoConnection } from '@souk/mongo';
import { startMongoStandIn } from './stand-in';

/** A server for specs. */
export interface MongoServer {
  readonly name: string;
  /** Started with the first call. */
  url(): Promise<string>;
  stop(): Promise<void>;
}

/** Goes up and down with the specs that run on it. */
const IMAGE = 'mongo:7.0';

/** The stand-in; and a real server, where there is one by `MONGODB_URL`, or by Docker. Says on the console why there is none. */
export function mongoServers(): readonly MongoServer[] {
  const real = realServer();
  if (!real) console.info('not run against a real MongoDB: neither MONGODB_URL is set, nor is there Docker');
  return [started('stand-in', startMongoStandInServer), ...(real ? [real] : [])];
}

/** A connection to an empty database, and how to get another one to the same; `remove` drops it. */
export async function temporaryDatabase(url: string) {
  const database = `souk_test_${randomUUID().slice(0, 8)}`;
  const connect = (): Promise<MongoConnection> => connectMongo({ url, database, applicationName: 'souk-tests' });
  const remove = async (): Promise<void> => {
    const connection = await connect();
    await connection.run((db) => db.dropDatabase());
    await connection.close();
  };
  return { database, connect, remove };
}

function realServer(): MongoServer | undefined {
  const url = process.env.MONGODB_URL;
  if (url !== undefined) return { name: 'MONGODB_URL', url: () => Promise.resolve(url), stop: () => Promise.resolve() };
  const hasDocker = process.env.DOCKER_HOST !== undefined || existsSync('/var/run/docker.sock');
  return hasDocker ? started(IMAGE, startContainer) : undefined;
}

interface Running {
  readonly url: string;
  stop(): Promise<unknown>;
}

function started(name: string, start: () => Promise<Running>): MongoServer {
  let running: Promise<Running> | undefined;
  return {
    name,
    url: async () => (await (running ??= start())).url,
    stop: async () => {
      await (await running)?.stop();
    },
  };
}

async function startMongoStandInServer(): Promise<Running> {
  const standIn = await startMongoStandIn();
  return { url: standIn.url, stop: () => standIn.close() };
}

async function startContainer(): Promise<Running> {
  const { GenericContainer } = await import('testcontainers');
  const container = await new GenericContainer(IMAGE).withExposedPorts(27017).start();
  const url = `mongodb://${container.getHost()}:${container.getMappedPort(27017)}/?directConnection=true`;
  return { url, stop: () => container.stop() };
}
