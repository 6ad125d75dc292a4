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
];

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/libs', '<rootDir>/services', '<rootDir>/examples', '<rootDir>/bench', '<rootDir>/scripts'],
  testMatch: ['**/*.spec.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  transform: { '^.+\\.(t|j|mj)s$': ['@swc/jest'] },
  transformIgnorePatterns: [`/node_modules/(?!(${esmPackages.join('|')})/)`],
  moduleNameMapper: {
    '^@souk/([^/]+)/testing$': '<rootDir>/libs/$1/testing',
    '^@souk/([^/]+)$': '<rootDir>/libs/$1/src',
  },
  testTimeout: 20_000,
};
