export * from './test-broker';
export * from './managed-resources.contract';
export * from './rds-stub';
