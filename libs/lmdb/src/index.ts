export * from './environment';
export * from './table';
export * from './storage-error';
