// Simulated clusters of several customers in one process, each behind TLS with a kubeconfig as its owner would hand it out. Started by `clusters.mjs`:
//   node clusters.process.mjs <folder> <count>     prints one JSON line when all of them answer
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { generate } from 'selfsigned';
import { parse, stringify } from 'yaml';

const { startClusterSim } = createRequire(import.meta.url)('../../../dist/libs/cluster-sim/src/index.js');

const [folder, count] = [process.argv[2], Number(process.argv[3])];
const hosts = ['edge-1', 'edge-2', 'edge-3'].map((name) => ({ name, cpu: '16', memory: '64Gi' }));

const certificate = await generate([{ name: 'commonName', value: 'clusters.example' }], {
  keySize: 2048,
  extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
});
const clusters = await Promise.all(Array.from({ length: count }, (_, n) => start(`cluster-${String(n + 1).padStart(2, '0')}`)));
console.log(JSON.stringify(clusters.map(({ name, url, token, kubeconfig }) => ({ name, url, token, kubeconfig }))));

process.once('SIGTERM', () => void Promise.all(clusters.map(({ stop }) => stop())).then(() => process.exit(0)));
// Whoever started it is gone: nothing is left running.
process.stdin.on('end', () => process.emit('SIGTERM')).resume();

async function start(name) {
  const dataDir = join(folder, name);
  mkdirSync(dataDir, { recursive: true });
  const sim = await startClusterSim({ dataDir, port: 0, config: { hosts, startupMs: 100, apiLatencyMs: 1 } });
  const tls = createServer({ key: certificate.private, cert: certificate.cert }, (socket) => {
    const inner = connect(sim.port, '127.0.0.1');
    for (const [one, other] of [
      [socket, inner],
      [inner, socket],
    ])
      one.on('error', () => other.destroy()).pipe(other);
  });
  await new Promise((resolve) => tls.listen(0, '127.0.0.1', resolve));
  const kubeconfig = parse(await readFile(sim.kubeconfigPath, 'utf8'));
  kubeconfig.clusters[0].cluster = {
    server: `https://127.0.0.1:${tls.address().port}`,
    'certificate-authority-data': Buffer.from(certificate.cert).toString('base64'),
  };
  return { name, url: sim.url, token: sim.token, kubeconfig: stringify(kubeconfig), stop: () => sim.stop() };
}
