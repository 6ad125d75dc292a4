export * from './simulated-time';
export * from './far-event-store';
export * from './lease-simulation';
export * from './deadline-world';
export * from './deadline-simulation';
export * from './jumping-clock';
