import { presets } from './presets/catalogue';
import { parseCpu, parseMemory } from './quantities';
import { parseImage } from './image-reference';
import { defaultCpu, defaultMemory, resolveNode, resolveProcess, resolveTopology } from './resolve';
import { emptyTopology, type TopologyNode } from './topology';

describe('Presets', () => {
  it.each(presets.map((preset) => [preset.name, preset] as const))('%s is complete', (name, preset) => {
    expect(name).toMatch(/^[a-z][a-z0-9-]*$/);
    expect(parseImage(preset.image)?.tag).toMatch(/^(?:\d|RELEASE\.\d)/);
    expect(preset.ports.length).toBeGreaterThan(0);
    expect(preset.platforms).toContain('linux/amd64');
    expect(parseCpu(preset.cpu.request)).toBeLessThanOrEqual(parseCpu(preset.cpu.limit));
    expect(parseMemory(preset.memory.request)).toBeLessThanOrEqual(parseMemory(preset.memory.limit));
    expect(new Set(preset.variables.map(({ key }) => key)).size).toBe(preset.variables.length);
    expect(preset.variables.filter((variable) => variable.secret && variable.default !== undefined)).toEqual([]);
  });

  it('have names of their own', () => {
    expect(presets.map(({ name }) => name)).toEqual([
      ...[
        'mysql',
        'mariadb',
        'postgresql',
        'redis',
        'mongodb',
        'rabbitmq',
        'emqx',
        'nginx',
        'kafka',
        'minio',
        'influxdb',
        'node-red',
      ],
    ]);
  });
});

describe('Resolving a node', () => {
  it('fills in what a custom node leaves open', () => {
    const node: TopologyNode = {
      serviceName: 'web',
      category: 'custom',
      image: 'web:1',
      ports: [
        { internal: 53, external: 53, protocol: 'UDP' },
        { internal: 8080, external: 80, protocol: 'TCP' },
      ],
      position: { x: 1, y: 1 },
    };
    expect(resolveNode(node)).toEqual({
      serviceName: 'web',
      category: 'custom',
      image: 'web:1',
      ports: node.ports,
      cpu: defaultCpu,
      memory: defaultMemory,
      replicas: 1,
      env: {},
      serviceType: 'ClusterIP',
      healthCheck: { tcp: { port: 8080 } },
    });
  });

  it('takes from the preset what the node does not say', () => {
    const node: TopologyNode & { category: 'third-party' } = {
      serviceName: 'db',
      category: 'third-party',
      preset: 'mysql',
      memory: { request: '1Gi', limit: '2Gi' },
    };
    const resolved = resolveProcess(node);
    expect(resolved.image).toMatch(/mysql:8/);
    expect(resolved.ports).toEqual([{ internal: 3306, external: 3306, protocol: 'TCP' }]);
    expect(resolved.memory).toEqual(node.memory);
    expect(resolved.healthCheck?.command).toEqual(['mysqladmin', 'ping', '-h', '127.0.0.1']);
  });

  it('takes variables, args and the user from the preset, and lets the node have the last word', () => {
    const kafka = { serviceName: 'log', category: 'third-party', preset: 'kafka' } as const;
    expect(resolveProcess(kafka)).toMatchObject({
      env: { KAFKA_NODE_ID: '1', KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://log:9092' },
      userId: 1000,
    });
    expect(resolveProcess({ ...kafka, env: { KAFKA_NODE_ID: '7' }, userId: 5 })).toMatchObject({
      env: { KAFKA_NODE_ID: '7', KAFKA_PROCESS_ROLES: 'broker,controller' },
      userId: 5,
    });
    const minio = { serviceName: 'files', category: 'third-party', preset: 'minio' } as const;
    expect(resolveProcess(minio).args).toContain('--console-address');
    expect(resolveProcess({ ...minio, args: ['server', '/data'] }).args).toEqual(['server', '/data']);
  });

  it('completes a health check that says only when to ask', () => {
    const node: TopologyNode & { category: 'third-party' } = {
      serviceName: 'cache',
      category: 'third-party',
      preset: 'redis',
      healthCheck: { periodSeconds: 3 },
    };
    expect(resolveProcess(node).healthCheck).toEqual({ tcp: { port: 6379 }, periodSeconds: 3 });
    expect(resolveProcess({ ...node, healthCheck: { http: { path: '/', port: 1 } } }).healthCheck).toEqual({
      http: { path: '/', port: 1 },
    });
  });

  it('completes a readiness check by how the health check asks', () => {
    const node: TopologyNode & { category: 'third-party' } = { serviceName: 'cache', category: 'third-party', preset: 'redis' };
    expect(resolveProcess(node)).not.toHaveProperty('readinessCheck');
    const checks = { healthCheck: { periodSeconds: 9 }, readinessCheck: { failureThreshold: 1 } };
    expect(resolveProcess({ ...node, ...checks }).readinessCheck).toEqual({ tcp: { port: 6379 }, failureThreshold: 1 });
    expect(resolveProcess({ ...node, readinessCheck: { command: ['true'] } }).readinessCheck).toEqual({ command: ['true'] });
  });

  it('gives a node without ports and an init node no health check', () => {
    expect(resolveNode({ serviceName: 'a', category: 'custom', image: 'a' })).not.toHaveProperty('healthCheck');
    expect(resolveNode({ serviceName: 'a', category: 'init', image: 'a' })).not.toHaveProperty('healthCheck');
  });

  it('sorts the topology and leaves out the canvas', () => {
    const nodes: TopologyNode[] = ['b', 'a'].map((serviceName) => ({
      serviceName,
      category: 'custom',
      image: 'x',
      position: { x: 0, y: 0 },
    }));
    const resolved = resolveTopology({ ...emptyTopology, nodes });
    expect(resolved.nodes.map(({ serviceName }) => serviceName)).toEqual(['a', 'b']);
    expect(resolved.nodes[0]).not.toHaveProperty('position');
  });
});
