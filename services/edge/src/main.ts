import 'reflect-metadata';
import { InvalidConfig, versionOfThis } from '@souk/platform';
import { startTracing } from '@souk/tracing';
import { edgeConfig } from './config';
import { startEdge } from './edge';

async function main(): Promise<void> {
  const begun = performance.now();
  const config = edgeConfig(process.env);
  const tracing = await startTracing({ service: 'souk-edge', version: versionOfThis(), endpoint: config.traceEndpoint });
  const edge = await startEdge(config);
  let ending = false;
  const end = (): void => {
    // Asked a second time, it is in a hurry.
    if (ending) process.exit(1);
    ending = true;
    void edge
      .drain()
      .then(tracing.stop)
      .then(
        () => process.exit(0),
        () => process.exit(1),
      );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(
    [
      `Souk ${versionOfThis()}: the edge is ready after ${seconds} s`,
      `  API       ${edge.url}`,
      ...(edge.grpcAddress === undefined ? [] : [`  gRPC      ${edge.grpcAddress}`]),
      `  docs      ${edge.url}/docs`,
      ...(edge.metricsPort === undefined ? [] : [`  metrics   port ${edge.metricsPort}`]),
    ].join('\n'),
  );
}

main().catch((error: unknown) => {
  const known = error instanceof InvalidConfig || (error instanceof Error && 'code' in error);
  console.error(known ? `the edge can't start: ${error.message}` : error);
  process.exit(1);
});
