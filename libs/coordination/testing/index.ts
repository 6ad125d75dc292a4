export * from './simulated-time';
export * from './far-event-store';
export * from './lease-simulation';
