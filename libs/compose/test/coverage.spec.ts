import { pointerSegment } from '@souk/event-sourcing';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { importCompose } from '../src';

/** Names of settings, known and unknown ones. */
const settings = fc.oneof(
  fc.constantFrom(
    ...['image', 'build', 'command', 'entrypoint', 'environment', 'env_file', 'ports', 'expose', 'volumes', 'devices', 'tmpfs'],
    ...['volumes_from', 'secrets', 'configs', 'links', 'healthcheck', 'deploy', 'scale', 'cpus', 'mem_limit', 'restart', 'user'],
    ...['network_mode', 'networks', 'container_name', 'logging', 'extends', 'labels', 'privileged', 'ulimits', 'working_dir'],
  ),
  fc.stringMatching(/^[a-w][a-z_]{0,8}$/),
  fc.constantFrom('__proto__', 'constructor', 'a/b~c'),
);
const members = fc.oneof(
  fc.constantFrom(
    ...['test', 'interval', 'disable', 'retries', 'resources', 'limits', 'memory', 'replicas', 'type', 'source', 'target'],
    ...['published', 'mode', 'aliases', 'ipv4_address', 'volume', 'subpath', 'A', 'B_PASSWORD'],
  ),
  fc.stringMatching(/^[a-w][a-z_]{0,8}$/),
);
const scalar = fc.oneof(
  fc.constantFrom('a:1', '80:80', '/x:/y', 'v:/y', './x:/y', '10s', '512m', 'host', 'b', 'A=1', 'A', '${A}', '$$', 'a "b c"', ''),
  fc.boolean(),
  fc.integer({ min: -1, max: 70_000 }),
  fc.constant(null),
  fc.string({ unit: 'grapheme-ascii', maxLength: 6 }),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(members, tie('value'), { maxKeys: 3 }),
  ),
}));
const service = fc.dictionary(settings, value, { maxKeys: 6 });
const document = fc.record(
  {
    services: fc.record({ a: service, b: service }),
    volumes: fc.record({ v: value }),
    secrets: fc.record({ s: value }),
    networks: value,
    configs: value,
    colour: value,
  },
  { requiredKeys: ['services'] },
);

/** Pointers to all scalars, and to all lists and mappings that are empty. */
function leaves(of: unknown, at = ''): string[] {
  if (typeof of !== 'object' || of === null) return [at];
  const inner = Object.entries(of).flatMap(([key, member]) => leaves(member, `${at}/${pointerSegment(key)}`));
  return inner.length > 0 ? inner : [at];
}

const imported = (of: unknown) => importCompose(stringify(of, { aliasDuplicateObjects: false }));

describe('The report of an import', () => {
  it('has a finding for every leaf of the document: its own, or one of what it is part of, below its service', () => {
    fc.assert(
      fc.property(document, (of) => {
        const { report } = imported(of);
        const told = new Set(report.map(({ pointer }) => pointer));
        for (const leaf of leaves(of)) {
          const segments = leaf.split('/');
          // What is said of a service as a whole, of "services" or of the document says nothing of its settings.
          const least = segments[1] === 'services' ? 4 : 2;
          const covering = segments
            .map((_, index) => segments.slice(0, index + 1))
            .filter(({ length }) => length >= Math.min(least, segments.length));
          expect({ leaf, told: covering.some((part) => told.has(part.join('/'))) }).toEqual({ leaf, told: true });
        }
      }),
      { numRuns: 150 },
    );
  });

  it('has a finding of its own for every key that nobody knows, wherever mappings have keys', () => {
    const unknown = fc.stringMatching(/^zz[a-z]{1,5}$/);
    const places: readonly (readonly string[])[] = [
      [],
      ['services', 'a'],
      ['services', 'a', 'healthcheck'],
      ['services', 'a', 'deploy'],
      ['services', 'a', 'deploy', 'resources'],
      ['services', 'a', 'deploy', 'resources', 'limits'],
      ['services', 'a', 'ports', '0'],
      ['services', 'a', 'volumes', '0'],
      ['services', 'a', 'volumes', '0', 'volume'],
      ['services', 'a', 'devices', '0'],
      ['services', 'a', 'secrets', '0'],
      ['services', 'a', 'depends_on', 'b'],
      ['services', 'a', 'networks', 'n'],
      ['volumes', 'v'],
      ['secrets', 's'],
    ];
    fc.assert(
      fc.property(fc.constantFrom(...places), unknown, scalar, (place, key, some) => {
        const root: Record<string, unknown> = {
          services: { a: { image: 'a:1' }, b: { image: 'b:1' } },
          volumes: { v: {} },
          secrets: { s: {} },
        };
        let at: Record<string, unknown> = root;
        for (const [index, segment] of place.entries()) {
          at[segment] ??= place[index + 1] === '0' ? [] : {};
          at = at[segment] as Record<string, unknown>;
        }
        at[key] = some;
        const told = imported(root).report.filter(({ pointer }) => pointer === [''].concat(place, key).join('/'));
        expect(told).toContainEqual(expect.objectContaining({ outcome: 'no-equivalent', code: 'unknown-key' }));
      }),
      { numRuns: 100 },
    );
  });

  it('follows from the document alone, as the topology does', () => {
    fc.assert(
      fc.property(document, (of) => {
        expect(imported(of)).toEqual(imported(of));
      }),
      { numRuns: 50 },
    );
  });

  it('comes of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'services: a{}[]&*!<>|-\n\t\'"#,?%@$0'), maxLength: 60 }), (text) => {
        const { topology, report } = importCompose(text);
        if (!topology) expect(report.some(({ outcome }) => outcome === 'problem')).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
