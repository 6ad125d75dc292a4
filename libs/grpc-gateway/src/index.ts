export * from './gateway';
export * from './in-process.backend';
export * from './rest-backend.port';
export { isOptional, isRequired, jsonName } from './json-codec';
export { loadPublicApi, type PublicMethod } from './public-api';
