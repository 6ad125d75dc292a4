/** The package as a type only: processes that are not configured for EventStoreDB never load it. */
export type Driver = typeof import('@eventstore/db-client');

export function loadDriver(): Promise<Driver> {
  return import('@eventstore/db-client');
}
