import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Aggregate, DomainEvent, EventTypeOptions } from '@souk/event-sourcing';

/** An aggregate of any state, command and event, as a service lists it. */
interface AnyAggregate {
  readonly category: string;
  readonly eventTypes: object;
}

type Foldable = Aggregate<unknown, never, DomainEvent> & { readonly eventTypes: Readonly<Record<string, EventTypeOptions>> };

/**
 * A suite over the golden events of a service: `<EventType>.v<schemaVersion>.json` holds the data of one event as it was first
 * written. Every version that ever was has a file, is upcast to the shape of today, and folds. A file is never changed: what was
 * stored stays stored.
 */
export function goldenEvents(directory: string, aggregates: readonly AnyAggregate[]): void {
  const files = new Set(readdirSync(directory));
  describe.each(aggregates.map((aggregate) => [aggregate.category, aggregate as unknown as Foldable] as const))(
    'Golden events of %s',
    (_, aggregate) => {
      const versions = Object.entries(aggregate.eventTypes).flatMap(([type, { upcasters = [] }]) =>
        Array.from({ length: upcasters.length + 1 }, (_, i) => [type, i + 1, upcasters.slice(i)] as const),
      );
      it.each(versions)('%s, version %i, folds', (type, version, upcasters) => {
        const file = `${type}.v${version}.json`;
        expect([...files]).toContain(file);
        const stored = JSON.parse(readFileSync(join(directory, file), 'utf8')) as object;
        const data = upcasters.reduce((older: object, upcast) => upcast(older as never), stored);
        const state = aggregate.evolve(begun(aggregate), { type, data });
        expect(state).toBeDefined();
        expect(aggregate.evolve(state, { type, data })).toEqual(expect.anything());
      });
    },
  );

  /** The aggregate after its first event, as the first type that it declares: most events mean something only then. */
  function begun(aggregate: Foldable): unknown {
    const [type, { upcasters = [] }] = Object.entries(aggregate.eventTypes)[0]!;
    const data = JSON.parse(readFileSync(join(directory, `${type}.v${upcasters.length + 1}.json`), 'utf8')) as object;
    return aggregate.evolve(aggregate.initial, { type, data });
  }

  it('has no golden file of an unknown event', () => {
    const known = aggregates.flatMap(({ eventTypes }) => Object.keys(eventTypes));
    expect([...files].map((file) => file.replace(/\.v\d+\.json$/, '')).filter((type) => !known.includes(type))).toEqual([]);
  });
}
