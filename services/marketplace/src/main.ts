import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { armFailpoints } from '@souk/failpoints';
import { InvalidConfig } from '@souk/platform';
import { startTracing } from '@souk/tracing';
import { ClusterSimulator } from './cluster-simulator';
import { type MarketplaceConfig, marketplaceConfig } from './config';
import { type RunningMarketplace, startMarketplace } from './marketplace';

/** Nothing is waited for any longer than this when the process is asked to end, in milliseconds. */
const STOP_WITHIN = 1_900;

async function main(): Promise<void> {
  const begun = performance.now();
  const config = marketplaceConfig(process.env);
  armFailpoints(config.failpoints);
  const { version } = JSON.parse(readFileSync(join(__dirname, '../../../../package.json'), 'utf8')) as { version: string };
  const tracing = await startTracing({ service: 'souk-marketplace', version, endpoint: config.traceEndpoint });
  const simulator = new ClusterSimulator(config.dataDir, () => {
    console.log('the simulated cluster had stopped and was started again');
  });
  const started: { marketplace?: RunningMarketplace } = {};
  const stop = (): void => {
    setTimeout(() => process.exit(1), STOP_WITHIN).unref();
    void (started.marketplace?.close() ?? simulator.stop()).finally(() => tracing.stop()).finally(() => process.exit(0));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);

  started.marketplace = await startMarketplace(config, version, simulator);
  console.log(banner(config, started.marketplace, simulator, version, (performance.now() - begun) / 1000));
}

function banner(
  { dataDir }: MarketplaceConfig,
  { url, grpc, bootstrapToken }: RunningMarketplace,
  { kubeconfig }: ClusterSimulator,
  version: string,
  seconds: number,
): string {
  const token = bootstrapToken
    ? [
        `  token     ${bootstrapToken}`,
        '            operator, printed this once: keep it. SOUK_NEW_OPERATOR_TOKEN=1 at a start makes another',
      ]
    : ['  token     printed at the first start; SOUK_NEW_OPERATOR_TOKEN=1 makes another'];
  return [
    '',
    `Souk ${version} is ready after ${seconds.toFixed(1)} s`,
    '',
    `  API       ${url}`,
    ...(grpc ? [`  gRPC      ${grpc.address ?? `not there: ${grpc.problem ?? ''}. SOUK_GRPC_PORT=50052 npm start has it`}`] : []),
    `  docs      ${url}/docs`,
    `  data      ${dataDir}`,
    `  cluster   kubectl --kubeconfig ${nearest(kubeconfig)} get pods -A`,
    ...token,
    '',
    'Ctrl-C stops everything; the next start goes on where this one stopped.',
  ].join('\n');
}

/** From here, unless that leads out of here. */
function nearest(path: string): string {
  const way = relative(process.cwd(), path);
  return way.startsWith('..') ? path : way;
}

main().catch((error: unknown) => {
  const known = error instanceof InvalidConfig || (error instanceof Error && 'code' in error);
  console.error(known ? `Souk can't start: ${hintOf(error)}` : error);
  process.exit(1);
});

/** What to do about those that everybody meets once. */
function hintOf(error: Error & { readonly code?: unknown }): string {
  if (error.code === 'EADDRINUSE') return `${error.message}. Choose another port: PORT=3001 npm start`;
  if (error.code === 'grpc-port-taken')
    return `${error.message}. Choose another one, or none: SOUK_GRPC_PORT=50052 npm start, SOUK_GRPC_PORT=off npm start`;
  if (error.code === 'store-locked')
    return `${error.message}. Stop it first, or choose another folder: SOUK_DATA_DIR=./other npm start`;
  return error.message;
}
