export * from './stand-in';
export * from './mongo-servers';
