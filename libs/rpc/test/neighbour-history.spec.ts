import { type PublicEvent, PublicHistory, type PublicPage } from '@souk/messaging';
import { NeighbourHistory } from '../src/neighbour-history';
import { TwoSides } from './two-sides';

const released = (revision: number) =>
  ({
    type: 'release.version-released.v1',
    subject: 'version-ver_1',
    soukrevision: revision,
    data: { notes: 'größer' },
  }) as unknown as PublicEvent;

/** A stream with two events that are told, at revisions 1 and 4. */
class Releases extends PublicHistory {
  override async read(subject: string, fromRevision: number, maxCount: number): Promise<PublicPage> {
    const upTo = Math.max(fromRevision - 1, Math.min(5, fromRevision + maxCount - 1));
    const events = [released(1), released(4)].filter(
      ({ subject: of, soukrevision }) => of === subject && soukrevision >= fromRevision && soukrevision <= upTo,
    );
    return { events, upTo };
  }
}

describe('The public events of another service', () => {
  const sides = new TwoSides();
  afterAll(() => sides.close());

  it('are read from the owner of their stream, page by page', async () => {
    const { address } = await sides.serve<PublicHistory>([[PublicHistory, new Releases()]]);
    const history = new NeighbourHistory(new Map([['release', sides.ask(PublicHistory, [address])]]));
    expect(await history.read('version-ver_1', 0, 3)).toEqual({ events: [released(1)], upTo: 2 });
    expect(await history.read('version-ver_1', 3, 3)).toEqual({ events: [released(4)], upTo: 5 });
    expect(await history.read('version-ver_1', 6, 3)).toEqual({ events: [], upTo: 5 });
    await expect(history.read('instance-inst_1', 0, 3)).rejects.toThrow('service deployment');
    await expect(history.read('nonsense', 0, 3)).rejects.toThrow('service unknown');
  });

  it('that are too large for one message come in several pages', async () => {
    const large = Array.from({ length: 100 }, (_, revision) => ({ ...released(revision), data: { notes: 'x'.repeat(250_000) } }));
    class Large extends PublicHistory {
      override async read(_: string, fromRevision: number): Promise<PublicPage> {
        return { events: large.slice(fromRevision), upTo: 99 };
      }
    }
    const { address } = await sides.serve<PublicHistory>([[PublicHistory, new Large()]]);
    const history = sides.ask(PublicHistory, [address]);
    const read: PublicEvent[] = [];
    let pages = 0;
    for (let upTo = -1; upTo < 99; pages++) {
      const page = await history.read('version-ver_1', upTo + 1, 1_000);
      read.push(...page.events);
      ({ upTo } = page);
    }
    expect(pages).toBe(4);
    expect(read.map(({ soukrevision }) => soukrevision)).toEqual(large.map(({ soukrevision }) => soukrevision));
  });
});
