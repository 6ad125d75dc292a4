export * from './cluster-trial';
export * from './marketplace.harness';
export * from './marketplace.process';
export * from './story';
export * from './command-sequences';
