import { edgeConfig } from './config';
import { services } from './routes';

const all = services.map((name, i) => `${name}=http://10.0.0.${i}:3000`).join(',');

describe('Configuration of the edge', () => {
  it('knows the replicas of every service', () => {
    const { upstreams } = edgeConfig({ SOUK_UPSTREAMS: `${all},audit=http://souk-audit:3000` });
    expect(upstreams.audit).toEqual(['10.0.0.6:3000', 'souk-audit:3000']);
    expect(upstreams['app-catalog']).toEqual(['10.0.0.0:3000']);
  });

  it('serves gRPC where it is told to', () => {
    expect(edgeConfig({ SOUK_UPSTREAMS: all })).not.toHaveProperty('grpc');
    expect(edgeConfig({ SOUK_UPSTREAMS: all, SOUK_GRPC_PORT: 'off' })).not.toHaveProperty('grpc');
    expect(edgeConfig({ SOUK_UPSTREAMS: all, SOUK_GRPC_PORT: '50051' }).grpc).toEqual({ port: 50_051 });
    expect(() => edgeConfig({ SOUK_UPSTREAMS: all, SOUK_GRPC_PORT: '70000' })).toThrow(/SOUK_GRPC_PORT must be/);
  });

  it('serves metrics where it is told to, and nowhere else', () => {
    expect(edgeConfig({ SOUK_UPSTREAMS: all })).not.toHaveProperty('metricsPort');
    expect(edgeConfig({ SOUK_UPSTREAMS: all, SOUK_METRICS_PORT: '9464' }).metricsPort).toBe(9464);
    expect(() => edgeConfig({ SOUK_UPSTREAMS: all, SOUK_METRICS_PORT: '-1' })).toThrow(/SOUK_METRICS_PORT must be/);
  });

  it('names the variable whose address can not be', () => {
    expect(() => edgeConfig({ SOUK_UPSTREAMS: `${all},audit=http://souk-audit:99999` })).toThrow(
      /SOUK_UPSTREAMS has an address of "audit" that can't be/,
    );
  });

  it('is refused with everything that is wrong', () => {
    expect(() => edgeConfig({ PORT: 'x' })).toThrow(/PORT must be[\s\S]*SOUK_UPSTREAMS is needed/);
    expect(() => edgeConfig({ SOUK_UPSTREAMS: 'audit=http://a:1,shop=http://b:2' })).toThrow(
      /names "shop", which is no service[\s\S]*no address of app-catalog, orchestration/,
    );
    expect(() => edgeConfig({ SOUK_UPSTREAMS: `${all},audit=https://user:secret@x` })).toThrow(/must be like/);
    expect(() => edgeConfig({ SOUK_UPSTREAMS: `${all},audit=https://user:secret@x` })).not.toThrow(/secret/);
  });
});
