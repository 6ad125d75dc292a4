export * from './registry-sim';
export type { PushOptions } from './image-store';
