import {
  comparePositions,
  type Position,
  PositionGone,
  positionOf,
  type RecordedEvent,
  type Subscription,
} from '@souk/event-sourcing';
import type { ContractContext } from './contract-context';
import { passes } from './event-store-read.contract';
import { EventRecorder } from './event-recorder';
import { everything, idsOf, revisionsOf, sampleEvents } from './sample-events';

export function subscriptionContract({ store, reopen }: ContractContext): void {
  describe('a subscription to everything', () => {
    const append = (count: number, stream = 'app-1') => store().append(stream, 'any', sampleEvents(count));

    it('gets what is there, then what comes', async () => {
      await append(5);
      const recorder = new EventRecorder();
      const subscription = store().subscribe({}, recorder);
      await recorder.got(5);
      await append(2, 'app-2');
      await recorder.got(7);
      await append(1);
      await recorder.got(8);
      await subscription.close();
      expect(recorder.events).toEqual(await everything(store()));
    });

    it('misses nothing and repeats nothing while 16 writers write over its switch to live', async () => {
      const subscriptions: Subscription[] = [];
      const recorders = Array.from({ length: 8 }, () => new EventRecorder());
      const write = async (writer: number): Promise<void> => {
        for (let i = 0; i < 40; i++) {
          await append(1 + (i % 3), `app-${writer}`);
          // Subscriptions begin at different times, most of them behind the end and some at it.
          if (writer === 0 && i % 5 === 0) subscriptions.push(store().subscribe({ batchSize: 7 }, recorders[i / 5]!));
        }
      };
      await Promise.all(Array.from({ length: 16 }, (_, writer) => write(writer)));
      const all = await everything(store());
      await Promise.all(recorders.map((recorder) => recorder.got(all.length)));
      await Promise.all(subscriptions.map((subscription) => subscription.close()));
      for (const { events } of recorders) expect(idsOf(events)).toEqual(idsOf(all));
    });

    it('gets what came within its pause as one batch, and misses nothing of it', async () => {
      const batches: string[][] = [];
      const recorder = new EventRecorder();
      const subscription = store().subscribe(
        { pauseMs: 500 },
        {
          onEvents: (events) => {
            batches.push(idsOf(events));
            void recorder.onEvents(events);
          },
        },
      );
      await append(1);
      await recorder.got(1);
      for (let i = 0; i < 5; i++) await append(1);
      await recorder.got(6);
      await subscription.close();
      expect(batches.flat()).toEqual(idsOf(await everything(store())));
      expect(batches.length).toBeLessThan(6);
    });

    it('goes on after a position, also over a restart', async () => {
      await append(300);
      const position = (await everything(store()))[120]!.position;
      const recorder = new EventRecorder();
      (await reopen()).subscribe({ after: position }, recorder);
      await append(2);
      await recorder.got(181);
      expect(idsOf(recorder.events)).toEqual(idsOf((await everything(store())).slice(121)));
    });

    it('begins with what comes when it starts at the head', async () => {
      await append(3);
      const recorder = new EventRecorder();
      store().subscribe({ after: await store().head() }, recorder);
      await append(1);
      await recorder.got(1);
      expect(revisionsOf(recorder.events)).toEqual([3]);
    });

    it.each([{ streamPrefixes: ['app-1', 'version-'] }, { types: ['Odd', 'Rare'] }])(
      'gets what passes its filter: %j',
      async (filter) => {
        const recorder = new EventRecorder();
        const writing = (async () => {
          for (let i = 0; i < 60; i++)
            await store().append(
              ['app-1', 'app-2', 'version-1'][i % 3]!,
              'any',
              sampleEvents(2, { type: i % 2 ? 'Odd' : 'Even' }),
            );
        })();
        store().subscribe({ filter }, recorder);
        await writing;
        const expected = (await everything(store())).filter((event) => passes(event, filter));
        await recorder.got(expected.length);
        expect(idsOf(recorder.events)).toEqual(idsOf(expected));
      },
    );

    it('gets batches of at most the size asked for', async () => {
      await append(100);
      const recorder = new EventRecorder();
      store().subscribe({ batchSize: 30 }, recorder);
      await recorder.got(100);
      expect(Math.max(...recorder.batches)).toBeLessThanOrEqual(30);
      expect(Math.min(...recorder.batches)).toBeGreaterThan(0);
    });

    it('gets no batch before the last one is handled', async () => {
      await append(25);
      let running = 0;
      let most = 0;
      const recorder = new EventRecorder(async () => {
        most = Math.max(most, ++running);
        // What comes meanwhile must not lead to a second batch beside this one.
        await append(1, 'app-2');
        await new Promise(setImmediate);
        running--;
      });
      const subscription = store().subscribe({ batchSize: 10 }, recorder);
      await recorder.got(60);
      await subscription.close();
      expect(most).toBe(1);
      expect(idsOf(recorder.events)).toEqual(idsOf(await everything(store())).slice(0, recorder.events.length));
    });

    checkpointContract({ store, reopen });
    endContract({ store, reopen });
  });

  describe('a subscription to a stream', () => {
    it('gets its events alone from a revision on: those that are there, and those that come', async () => {
      await store().append('app-1', 'no-stream', sampleEvents(300));
      const recorder = new EventRecorder();
      const subscription = store().subscribeToStream('app-1', 5, recorder);
      await store().append('app-11', 'no-stream', sampleEvents(3));
      await recorder.got(295);
      await Promise.all([0, 1, 2].map(() => store().append('app-1', 'any', sampleEvents(2))));
      await recorder.got(301);
      await subscription.close();
      expect(revisionsOf(recorder.events)).toEqual(Array.from({ length: 301 }, (_, i) => i + 5));
      expect(recorder.checkpoints).toEqual([]);
    });

    it('waits for a stream that is not there yet', async () => {
      const recorder = new EventRecorder();
      store().subscribeToStream('app-1', 1, recorder);
      await store().append('app-1', 'no-stream', sampleEvents(1));
      await store().append('app-1', 0, sampleEvents(2));
      await recorder.got(2);
      expect(revisionsOf(recorder.events)).toEqual([1, 2]);
    });
  });
}

function checkpointContract({ store }: ContractContext): void {
  describe('told by checkpoints', () => {
    it('learns that it is at the end, once it is', async () => {
      const empty = new EventRecorder();
      store().subscribe({}, empty);
      await empty.until(() => empty.checkpoints.length > 0);
      await store().append('app-1', 'no-stream', sampleEvents(3));
      const recorder = new EventRecorder();
      store().subscribe({}, recorder);
      await recorder.until(() => recorder.checkpoints.length > 0);
      expect(recorder.events).toHaveLength(3);
      expect(recorder.checkpoints[0]).toBe(await store().head());
    });

    it('gets ahead where its filter lets nothing pass, and goes on from there', async () => {
      await store().append('app-1', 'no-stream', sampleEvents(100));
      const recorder = new EventRecorder();
      const filter = { streamPrefixes: ['version-'] };
      const subscription = store().subscribe({ filter }, recorder);
      for (let i = 0; i < 10; i++) {
        const { position } = await store().append('app-1', 'any', sampleEvents(5));
        await recorder.until(() => recorder.checkpoints.at(-1) === position);
      }
      await subscription.close();
      expect(recorder.events).toEqual([]);
      await store().append('version-1', 'no-stream', sampleEvents(1));
      const next = new EventRecorder();
      store().subscribe({ filter, after: recorder.checkpoints.at(-1)! }, next);
      await next.got(1);
    });

    it('never hears of a position that is behind, or ahead of an event still to come', async () => {
      const recorder = new EventRecorder();
      const subscription = store().subscribe({ filter: { streamPrefixes: ['app-'] } }, recorder);
      for (let i = 0; i < 100; i++) await store().append(i % 4 === 0 ? 'app-1' : 'version-1', 'any', sampleEvents(1));
      const end = await store().head();
      await recorder.until(() => recorder.checkpoints.at(-1) === end);
      await subscription.close();
      expect(recorder.events).toHaveLength(25);
      expect(recorder.trace).toEqual(recorder.trace.toSorted(comparePositions));
    });
  });
}

function endContract({ store }: ContractContext): void {
  describe('ending', () => {
    const failing = (): EventRecorder =>
      new EventRecorder((events: readonly RecordedEvent[]) => {
        if (events.some(({ revision }) => revision === 4)) throw new Error('poison');
      });

    it('ends when its handler rejects, and says why once', async () => {
      await store().append('app-1', 'no-stream', sampleEvents(3));
      const recorder = failing();
      const subscription = store().subscribe({}, recorder);
      await recorder.got(3);
      await store().append('app-1', 'any', sampleEvents(3));
      await recorder.until(() => recorder.ends.length > 0);
      await store().append('app-2', 'any', sampleEvents(3));
      await subscription.close();
      expect(recorder.ends).toEqual([new Error('poison')]);
      expect(recorder.events).toHaveLength(3);
    });

    it('ends likewise on a stream', async () => {
      await store().append('app-1', 'no-stream', sampleEvents(5));
      const recorder = failing();
      store().subscribeToStream('app-1', 0, recorder);
      await recorder.until(() => recorder.ends.length > 0);
      expect(recorder.ends).toEqual([new Error('poison')]);
    });

    it('ends with PositionGone after a position of another generation', async () => {
      const recorder = new EventRecorder();
      const after: Position = positionOf('00000000', 0);
      store().subscribe({ after }, recorder);
      await recorder.until(() => recorder.ends.length > 0);
      expect(recorder.ends[0]).toBeInstanceOf(PositionGone);
    });

    it('closes when its handler is done, and hears nothing afterwards', async () => {
      await store().append('app-1', 'no-stream', sampleEvents(20));
      let running = false;
      let begin: () => void;
      const begun = new Promise<void>((resolve) => (begin = resolve));
      const recorder = new EventRecorder(async () => {
        running = true;
        begin();
        for (let i = 0; i < 20; i++) await new Promise(setImmediate);
        running = false;
      });
      const subscription = store().subscribe({ batchSize: 5 }, recorder);
      await begun;
      await subscription.close();
      expect(running).toBe(false);
      await store().append('app-1', 'any', sampleEvents(1));
      await subscription.close();
      expect(recorder.events).toHaveLength(5);
      expect(recorder.ends).toEqual([]);
    });
  });
}
