export * from './given-when-then';
export { eventStoreContract, type EventStoreFixture } from './event-store.contract';
export * from './sample-events';
export * from './event-recorder';
export * from './child';
export * from './temporary-folder';
export * from './golden-events';
export * from './contest';
