// Topologies of any size, for what is pure: ten kinds of nodes, each with up to five arrows to earlier ones, all by a fixed seed.
import { createRequire } from 'node:module';
import { randomOf } from './statistics.mjs';

const require = createRequire(import.meta.url);

export const { validateTopology, validationOf, waveSteps, wavesOf } = require('../../dist/libs/topology/src/index.js');
export const { renderInstance, renderingSteps } = require('../../dist/services/deployment/src/domain/render/render-instance.js');

const ARROWS = 5;

export function largeTopology(size, seed = 1) {
  const random = randomOf(seed);
  const nodes = Array.from({ length: size }, (_, i) => node(i, random));
  const arrows = [];
  for (let i = 1; i < size; i++) {
    const targets = new Set(Array.from({ length: ARROWS }, () => Math.floor(random() * i)));
    for (const to of targets) arrows.push({ from: nameOf(i), to: nameOf(to) });
  }
  return {
    nodes,
    arrows,
    parameters: { title: { type: 'string', default: 'x' } },
    secrets: { password: { source: 'generated' } },
  };
}

const nameOf = (i) => `node-${i}`;

function node(i, random) {
  const serviceName = nameOf(i);
  if (i % 10 === 9)
    return { serviceName, category: 'third-party', preset: 'mysql', env: { MYSQL_ROOT_PASSWORD: '${secret.password}' } };
  if (i % 10 === 8) return { serviceName, category: 'init', image: `registry.example.com/shop/${serviceName}:1.0.0` };
  const other = Math.floor((random() * (i + 1)) / 10) * 10;
  return {
    serviceName,
    category: 'custom',
    image: `registry.example.com/shop/${serviceName}:1.0.0`,
    env: {
      TITLE: '${param.title}',
      PASSWORD: '${secret.password}',
      PEER: `\${node.${nameOf(other)}.host}:\${node.${nameOf(other)}.port}`,
    },
    ports: [{ internal: 8080, external: 80, protocol: 'TCP' }],
  };
}

/** What an instance of it is rendered from. */
export function toRender(topology) {
  return {
    instanceId: 'ins_01J00000000000000000000001',
    name: 'large',
    appId: 'app_01J00000000000000000000001',
    configuration: { name: 'standard', hosting: 'edge', topology, waves: wavesOf(topology), images: [] },
    parameters: {},
    identity: { appKey: 'AK0001', secretVersion: 1, apiUrl: 'http://souk.example:3000' },
    restarts: new Map(),
  };
}
