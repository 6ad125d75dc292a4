export * from './monotonic-clock.port';
export * from './lease';
export * from './lease.events';
export * from './lease-keeper';
export * from './leases';
