export * from './copy-environment';
export * from './environment';
export * from './table';
export * from './storage-error';
