export * from './ids';
export * from './call';
export * from './app-catalog';
export * from './orchestration';
export * from './release';
export * from './authorization';
export * from './deployment';
export * from './commerce';
