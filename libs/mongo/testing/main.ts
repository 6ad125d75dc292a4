import { parseArgs } from 'node:util';
import { startMongoStandIn } from './stand-in';

/** `node dist/libs/mongo/testing/main.js [--port N] [--host H]`: a stand-in in a process of its own, until it is told to end. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { port: { type: 'string' }, host: { type: 'string' } } });
  const { port = '27017', host } = values;
  const standIn = await startMongoStandIn({ port: Number(port), ...(host !== undefined && { host }) });
  console.log('This is a stand-in for MongoDB, for tests and demos. It is no database: everything is lost when it ends.');
  console.log(`listening on ${standIn.url}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void standIn.close());
}

void main();
