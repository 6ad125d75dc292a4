export * from './bus-world';
export * from './embedded-world';
export * from './event-bus.contract';
export * from './event-bus.property';
export * from './jetstream-world';
export * from './mortal-events';
export * from './nats-server';
export * from './things';
