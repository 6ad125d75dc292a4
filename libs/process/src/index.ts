export * from './config';
export * from './engines';
export * from './start-service';
