import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { KubernetesObject, ListPage, Selection } from '@souk/kubernetes';
import { labels, namespaceOf } from '../../domain/cluster-object';
import { objectsOf, type Pages, survey } from './cluster-survey';
import { watched } from './cluster-view';

const instanceId = (n: number): string => `inst_${String(n).padStart(26, '0')}`;

const objectOf = (kind: string, n: number, resourceVersion = '1', note = ''): KubernetesObject => ({
  apiVersion: 'v1',
  kind,
  metadata: {
    ...{ name: 'web', namespace: namespaceOf(instanceId(n)), uid: `${kind}-${n}`, resourceVersion },
    labels: { [labels.instance]: instanceId(n) },
  },
  note,
});

/** A cluster that answers lists from memory. */
class Listed implements Pages {
  readonly selections: Selection[] = [];

  constructor(private readonly pagesOf: (kind: string) => Iterable<Pick<ListPage, 'items'> & Partial<ListPage>>) {}

  async *pages(kind: string, selection: Selection = {}): AsyncGenerator<ListPage> {
    this.selections.push(selection);
    let isFirst = true;
    for (const page of this.pagesOf(kind)) {
      await nextTurn();
      yield { resourceVersion: '1', isFirst, ...page };
      isFirst = false;
    }
  }
}

const pods = (...pages: (Pick<ListPage, 'items'> & Partial<ListPage>)[]) => new Listed((kind) => (kind === 'Pod' ? pages : []));

/** 1,600 instances of one object of each kind, every one as long as those of Kubernetes are: 60 MB. */
const INSTANCES = 1_600;
const PAGE = 200;
const large = () =>
  new Listed(function* (kind) {
    for (let from = 0; from < INSTANCES; from += PAGE) {
      const items = Array.from({ length: PAGE }, (_, i) => objectOf(kind, from + i, '1', 'x'.repeat(3_000)));
      // As they come out of an answer: none shares anything with another.
      yield { items: items.map((item) => JSON.parse(JSON.stringify(item)) as KubernetesObject) };
    }
  });

describe('A survey of a cluster', () => {
  const printOf = async (...pages: Parameters<typeof pods>) => (await survey(pods(...pages))).get(instanceId(1))?.print;

  it('tells the same of an instance until anything of it is different', async () => {
    const [one, two] = [objectOf('Pod', 1), { ...objectOf('Pod', 1), metadata: { ...objectOf('Pod', 1).metadata, uid: 'two' } }];
    const print = await printOf({ items: [one, two] });
    expect(await printOf({ items: [one, objectOf('Pod', 2)] }, { items: [two] })).toBe(print);
    for (const others of [[one], [one, two, two], [objectOf('Pod', 1, '2'), two]])
      expect(await printOf({ items: others })).not.toBe(print);
    expect((await survey(pods({ items: [one, two] }))).get(instanceId(1))?.objects).toBe(2);
  });

  it('forgets what was read of a list that began anew', async () => {
    const anew = await printOf({ items: [objectOf('Pod', 1)] }, { items: [objectOf('Pod', 1, '2')], isFirst: true });
    expect(anew).toBe(await printOf({ items: [objectOf('Pod', 1, '2')] }));
  });

  it('knows nobody who bears no name of an instance', async () => {
    const { metadata, ...nobody } = objectOf('Pod', 1);
    expect([...(await survey(pods({ items: [{ ...nobody, metadata: { ...metadata, labels: {} } }] })))]).toEqual([]);
  });

  it('asks for whole objects of some instances alone', async () => {
    const cluster = pods({ items: [objectOf('Pod', 1), objectOf('Pod', 3)] });
    const all = await objectsOf(cluster, [instanceId(1), instanceId(2)]);
    expect([...all].map(([id, objects]) => [id, objects.length])).toEqual([
      [instanceId(1), 1],
      [instanceId(2), 0],
    ]);
    expect(new Set(cluster.selections.map(({ labelSelector }) => labelSelector))).toEqual(
      new Set([`app.kubernetes.io/managed-by=souk,souk.dev/instance in (${instanceId(1)},${instanceId(2)})`]),
    );
    expect(cluster.selections).toHaveLength(watched.length);
  });

  describe('that has 20,000 objects', () => {
    it('lets others have their turns, however long a page is', async () => {
      let turns = 0;
      let isDone = false as boolean;
      const count = () => {
        turns++;
        if (!isDone) setImmediate(count);
      };
      const items = Array.from({ length: 20_000 }, (_, n) => objectOf('Pod', n % INSTANCES));
      const page = { items, resourceVersion: '1', isFirst: true };
      const atOnce: Pages = {
        async *pages(kind) {
          if (kind === 'Pod') yield page;
        },
      };
      setImmediate(count);
      const all = await survey(atOnce);
      isDone = true;
      expect([all.size, all.get(instanceId(7))?.objects]).toEqual([INSTANCES, 13]);
      expect(turns).toBeGreaterThan(4);
    });

    it('holds a page of it, not the whole', async () => {
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      collect();
      const before = process.memoryUsage().heapUsed;
      let most = 0;
      const cluster = large();
      const watching: Pages = {
        async *pages(kind, selection) {
          yield* cluster.pages(kind, selection);
          if (kind !== 'Service' && kind !== 'Pod') return;
          collect();
          most = Math.max(most, process.memoryUsage().heapUsed - before);
        },
      };
      expect((await survey(watching)).size).toBe(INSTANCES);
      expect(most / 1e6).toBeLessThan(15);
    });
  });
});
