import type * as Server from './server';
import type { EventStoreDbServerOptions, RunningEventStoreDbServer } from './server-options';

/**
 * Serves an open embedded store by the gRPC protocol of EventStoreDB. Read-only, unless `credentials` are given, or it is told to be
 * `insecure`. @throws AddressUnavailable
 */
export async function serveEventStoreDb(options: EventStoreDbServerOptions): Promise<RunningEventStoreDbServer> {
  // gRPC and the definitions are loaded by those alone who serve. `import()` of a file would want its extension, which Jest does not map.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { startServer } = require('./server') as typeof Server;
  return startServer(options);
}
