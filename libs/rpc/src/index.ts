export * from './problem-status';
