export * from './mongo-connection';
export { isDuplicateKey, MongoUnavailable, MongoUrlUnusable } from './mongo-failure';
export * from './write-all';
export type { AnyBulkWriteOperation, Collection as MongoCollection, Db as MongoDatabase, Filter as MongoFilter } from 'mongodb';
