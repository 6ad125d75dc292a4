import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MarketplaceProcess } from '../testing';

const drivers =
  /^(nats|mongodb|bson|@eventstore\/.*|@grpc\/.*|protobufjs|google-protobuf|@opentelemetry\/(sdk|exporter|otlp|resources).*)$/;

describe('A marketplace in one process', () => {
  const marketplace = new MarketplaceProcess({ NODE_OPTIONS: `--require ${join(__dirname, '../testing/loaded-packages.cjs')}` });
  afterAll(() => marketplace.destroy());

  it('has loaded no driver of what is not configured, from its start to its end', async () => {
    await marketplace.start();
    expect((await marketplace.operator.get('/health/ready')).status).toBe(200);
    expect((await marketplace.operator.get('/v1/tenants')).status).toBe(200);
    const { pid } = marketplace;
    expect(await marketplace.stop()).toBe(0);

    const loaded = readFileSync(join(marketplace.dataDir, `loaded-packages-${pid}`), 'utf8').split('\n');
    expect(loaded).toEqual(expect.arrayContaining(['@nestjs/core', 'fastify', 'lmdb']));
    expect(loaded.filter((name) => drivers.test(name))).toEqual([]);
  }, 90_000);

  it('would be found out: with gRPC and a collector, these are loaded', async () => {
    await marketplace.start({ SOUK_GRPC_PORT: '0', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
    const { pid } = marketplace;
    await marketplace.stop();

    const loaded = readFileSync(join(marketplace.dataDir, `loaded-packages-${pid}`), 'utf8').split('\n');
    expect(loaded.filter((name) => drivers.test(name))).toEqual(
      expect.arrayContaining(['@grpc/grpc-js', '@opentelemetry/sdk-trace-node', '@opentelemetry/exporter-trace-otlp-http']),
    );
  }, 90_000);
});
