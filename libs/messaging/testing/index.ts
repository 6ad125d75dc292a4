export * from './embedded-world';
export * from './event-bus.contract';
export * from './things';
