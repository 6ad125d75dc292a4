export * from './marketplace.harness';
