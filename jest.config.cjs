const { readFileSync } = require('node:fs');

// As .swcrc says, but for its `exclude`: specs are left out of the build, not out of here. Jest resolves the paths itself.
const { jsc } = JSON.parse(readFileSync(`${__dirname}/.swcrc`, 'utf8'));
const swc = {
  swcrc: false,
  module: { type: 'commonjs' },
  jsc: { ...jsc, baseUrl: undefined, paths: undefined },
};

const esmPackages = [
  '@kubernetes/client-node',
  'openid-client',
  'oauth4webapi',
  'jose',
  'cookie',
  'cloudevents',
  'microdiff',
  'canonicalize',
  'lru-cache',
  'ulid',
  // Imports `http` dynamically, which jest cannot do in what it has not transformed.
  '@opentelemetry/otlp-exporter-base',
];

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: [
    '<rootDir>/libs',
    '<rootDir>/services',
    '<rootDir>/examples',
    '<rootDir>/bench',
    '<rootDir>/scripts',
    '<rootDir>/deploy',
  ],
  testMatch: ['**/*.spec.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  // Every spec file leaves some of its modules behind in its worker; a large heap makes all that follow slow.
  workerIdleMemoryLimit: '500MB',
  transform: { '^.+\\.(t|j|mj)s$': ['@swc/jest', swc] },
  transformIgnorePatterns: [`/node_modules/(?!(${esmPackages.join('|')})/)`],
  moduleNameMapper: {
    '^@souk/([^/]+)/testing$': '<rootDir>/libs/$1/testing',
    '^@souk/([^/]+)$': '<rootDir>/libs/$1/src',
  },
  // Many tests wait for processes of their own: a worker for each core keeps the machine busy, and does not overload it.
  maxWorkers: '100%',
  testTimeout: 20_000,
};
