export * from './image-registry.port';
export * from './errors';
export * from './oci-image-registry';
export * from './no-registry';
