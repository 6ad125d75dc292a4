export * from './cluster-trial';
export * from './marketplace.harness';
export * from './marketplace.process';
export * from './story';
export * from './command-sequences';
export * from './distributed.process';
export * from './started-process';
export * from './steady-traffic';
