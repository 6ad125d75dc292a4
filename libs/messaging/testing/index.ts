export * from './bus-world';
export * from './embedded-world';
export * from './event-bus.contract';
export * from './mortal-events';
export * from './things';
