export * from './copy-environment';
export * from './environment';
export { SMALL, type WriteSize } from './room';
export * from './table';
export * from './storage-error';
