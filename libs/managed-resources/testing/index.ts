export * from './test-broker';
export * from './managed-resources.contract';
