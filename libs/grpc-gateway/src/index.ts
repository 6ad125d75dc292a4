export * from './gateway';
export * from './in-process.backend';
export * from './rest-backend.port';
