import { type Position, positionOf } from '@souk/event-sourcing';
import fc from 'fast-check';
import { judge, noPlace, resume, rewound } from './relay-place';
import { type Link, PARTITIONS, partitionOf, type Place } from './wire';

const at = (ordinal: number): Position => positionOf('00000000', ordinal);
const ends = (all: Record<string, number>) =>
  new Map(Object.entries(all).map(([partition, ordinal]) => [partition, at(ordinal)]));

describe('Place of a relay', () => {
  describe('where nothing was kept', () => {
    it('begins with the first event ever, whatever is in the stream, and does not trust the plain ids of what may be there', () => {
      expect(resume(noPlace, ends({ '03': 7 }))).toMatchObject({ after: '', tried: at(7), lost: [] });
      expect(resume(noPlace, new Map()).told.get('03')).toBe('');
    });
  });

  describe('where something was kept', () => {
    const kept = { upTo: at(20), last: { '03': at(15), '04': at(20) } };

    it('goes on there, where the stream has just that', () => {
      expect(resume(kept, ends({ '03': 15, '04': 20 }))).toMatchObject({ after: at(20), tried: at(20), lost: [] });
    });

    it('goes back to the end of a stream that was cut', () => {
      const { after, told } = resume(kept, ends({ '03': 9, '04': 20 }));
      expect({ after, told: told.get('03'), other: told.get('04') }).toEqual({ after: at(9), told: at(9), other: at(20) });
    });

    it('tells again what is there and was not acknowledged: there may be holes before it', () => {
      const { after, told, known } = resume(kept, ends({ '03': 15, '04': 31 }));
      expect({ after, told: told.get('04'), known: known.get('04') }).toEqual({ after: at(20), told: at(20), known: at(31) });
    });

    it('stays where it is when everything is lost, and tells where the end is', () => {
      expect(resume(kept, new Map())).toMatchObject({ after: at(20), lost: ['03', '04'] });
    });

    it('goes back for whoever has missed something, in that partition alone', () => {
      expect(rewound(kept, new Map([['03', at(4)]]))).toEqual({ upTo: at(4), last: { '03': at(4), '04': at(20) } });
      expect(rewound(kept, new Map<string, Place>([['03', '']]))).toEqual({ upTo: '', last: { '04': at(20) } });
      expect(rewound(kept, new Map([['03', at(15)]]))).toEqual(kept);
    });
  });
});

describe('What a consumer makes of messages', () => {
  /** One partition, told as a chain, of which the broker loses, repeats and turns around what it likes; then it is told again from where it was left. */
  it('is the whole chain in order, each message once, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.array(fc.integer({ min: 0, max: 11 }), { maxLength: 60 }),
        (length, arrivals) => {
          const chain: Link[] = Array.from({ length }, (_, i) => ({ previous: i === 0 ? '' : at(i), position: at(i + 1) }));
          const shown: Position[] = [];
          let last: Place = '';
          const hear = (link: Link): void => {
            if (judge(last, link) === 'next') shown.push((last = link.position));
          };
          for (const one of arrivals) if (chain[one]) hear(chain[one]);
          for (const link of chain.filter(({ previous }) => previous >= last)) hear(link);
          expect(shown).toEqual(chain.map(({ position }) => position));
        },
      ),
    );
  });

  it('is that something is missing, where it is told that the end is further on', () => {
    expect(judge(at(3), { previous: at(8), position: at(8) })).toBe('missed');
    expect(judge(at(8), { previous: at(8), position: at(8) })).toBe('repeated');
  });
});

describe('Partitions', () => {
  it('are the same for the same stream for ever, and about as large as each other', () => {
    expect(['app-1', 'version-ver_01J', 'instance-ins_01K'].map(partitionOf)).toEqual(['11', '00', '13']);
    const sizes = new Map(PARTITIONS.map((partition) => [partition, 0]));
    for (let i = 0; i < 16_000; i++) {
      const partition = partitionOf(`instance-ins_${i.toString(36).padStart(26, '0')}`);
      sizes.set(partition, sizes.get(partition)! + 1);
    }
    for (const size of sizes.values()) expect(Math.abs(size - 1_000)).toBeLessThan(150);
  });
});
