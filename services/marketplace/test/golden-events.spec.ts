import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EventTypeOptions } from '@souk/event-sourcing';
import type { ServiceDefinition } from '@souk/platform';

const services = join(__dirname, '..', '..');
const golden = (service: string): string => join(services, service, 'test', 'golden');

/** What the modules of all services bring to the platform, whoever imports them. */
const definitions = readdirSync(services)
  .flatMap((service) => readdirSync(join(services, service, 'src')).map((file) => join(services, service, 'src', file)))
  .filter((file) => file.endsWith('.module.ts'))
  .flatMap((file) => Object.values(jest.requireActual<Record<string, unknown>>(file)))
  .filter((brought): brought is ServiceDefinition => typeof brought === 'object' && brought !== null && 'aggregates' in brought);

describe('Golden events', () => {
  it('belong to services', () => {
    expect(definitions.map(({ service }) => service)).toContain('orchestration');
  });

  it.each(definitions.filter(({ aggregates }) => aggregates.length > 0).map((definition) => [definition.service, definition]))(
    'of %s are there for every version of every type that it writes',
    (service, { aggregates }) => {
      const options = aggregates.flatMap(({ eventTypes }) => Object.entries(eventTypes as Record<string, EventTypeOptions>));
      const wanted = options.flatMap(([type, { upcasters = [] }]) =>
        Array.from({ length: upcasters.length + 1 }, (_, i) => `${type}.v${i + 1}.json`),
      );
      expect(wanted).not.toEqual([]);
      const present = readdirSync(golden(service)).filter((file) => !file.endsWith('.snapshot.json'));
      expect(present.sort()).toEqual(wanted.sort());
    },
  );
});
