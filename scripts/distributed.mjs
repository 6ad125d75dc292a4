// `npm run distributed`: the marketplace with one process for each service, for trying out. `-- --help` tells the options.
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { buildIfNeeded } from './build.mjs';

const usage = `usage: npm run distributed -- [--replicas 2] [--port 3000] [--data <folder>]

One process for each service and replica behind an edge, on an event store that speaks EventStoreDB's protocol, nats-server, a stand-in for
MongoDB (all of them for this run alone), and a simulated cluster. EVENTSTORE_URL, NATS_URL, MONGODB_URL name real servers instead.`;

let values;
try {
  ({ values } = parseArgs({
    options: {
      replicas: { type: 'string', default: '1' },
      port: { type: 'string', default: '3000' },
      data: { type: 'string' },
      help: { type: 'boolean' },
    },
  }));
} catch (error) {
  console.error(`${error.message}\n\n${usage}`);
  process.exit(2);
}
const [replicas, port] = [Number(values.replicas), Number(values.port)];
if (values.help || !(replicas >= 1 && replicas <= 5) || !(port >= 0 && port <= 65535)) {
  console.error(usage);
  process.exit(values.help ? 0 : 2);
}

buildIfNeeded();
const { DistributedProcesses } = createRequire(import.meta.url)('../dist/services/marketplace/testing/distributed.process.js');
const processes = new DistributedProcesses({ replicas, ...(port && { port }), ...(values.data && { dataDir: values.data }) });
let stopping = false;
const stop = () => {
  if (stopping) process.exit(1);
  stopping = true;
  processes.stop().then(
    () => process.exit(0),
    () => process.exit(1),
  );
};
process.on('SIGINT', stop);
process.on('SIGTERM', stop);

const begun = performance.now();
try {
  await processes.start();
} catch (error) {
  console.error(`the marketplace can't start: ${error.message}`);
  await processes.destroy();
  process.exit(1);
}
const width = Math.max(...processes.table.map(({ name }) => name.length));
console.log(`\nSouk is ready after ${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
for (const { name, pid, address } of processes.table)
  console.log(`  ${name.padEnd(width)}  ${String(pid).padStart(7)}  ${address}`);
console.log(`
  API       ${processes.url}
  gRPC      ${processes.grpcAddress}
  docs      ${processes.url}/docs
  token     ${processes.operatorToken}
  logs      ${processes.logs}
  cluster   kubectl --kubeconfig ${processes.kubeconfig} get pods -A

Ctrl-C stops everything, and what was kept is gone then.`);
