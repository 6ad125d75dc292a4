// `npm run eventstore`: serves a folder of events by the gRPC protocol of EventStoreDB. `-- --help` tells the options.
import { createRequire } from 'node:module';
import { buildIfNeeded } from './build.mjs';

buildIfNeeded();
process.setSourceMapsEnabled(true);
createRequire(import.meta.url)('../dist/libs/event-store/src/protocol/main.js');
