import { alwaysActive, CommandHandler, type RecordedEvent } from '@souk/event-sourcing';
import { collect } from '@souk/event-sourcing/testing';
import {
  DeadlineWorld,
  haveEffect,
  positionsBack,
  randomFrom,
  simulateDeadlines,
  SimulatedNode,
  SimulatedTime,
  whileClockJumps,
} from '../testing';
import { DeadlineHandlers, NoDeadlineHandler } from './deadline-handlers';
import { type DeadlineFailure, DeadlineRunner, type DeadlineRunnerOptions } from './deadline-runner';
import { Deadlines } from './deadlines';

const MINUTE = 60_000;
const TWENTY_MINUTES = 20 * MINUTE;
const cause = { correlationId: 'request', causationId: 'fact', actor: { kind: 'system', id: 'test' } } as const;

/** Of what takes some seconds of a core by itself, in milliseconds. */
const LONG = 60_000;

describe('Deadlines', () => {
  let world: DeadlineWorld;
  let time: SimulatedTime;
  let node: SimulatedNode;
  let handlers: DeadlineHandlers;
  let deadlines: Deadlines;
  let failures: DeadlineFailure[];
  let runner: DeadlineRunner | undefined;
  let calls: string[];
  let ids = 0;

  beforeAll(async () => {
    world = await DeadlineWorld.open();
    deadlines = new Deadlines(new CommandHandler(world.store));
  });
  beforeEach(() => {
    time = new SimulatedTime();
    node = new SimulatedNode(time);
    handlers = new DeadlineHandlers();
    failures = [];
    calls = [];
    handlers.on('test', 'have-effect', async (data, context) => {
      const { id } = data as { id: string };
      calls.push(id);
      await haveEffect(world.store, id, context);
    });
  });
  afterEach(async () => {
    await runner?.stop();
    for (const { deadlineId } of (await world.deadlines.query({ index: 'byDue', limit: 500 })).items)
      await deadlines.cancel(deadlineId, cause);
    await world.caughtUp();
  });
  afterAll(() => world.close());

  function run(options: Partial<DeadlineRunnerOptions> = {}): DeadlineRunner {
    runner = new DeadlineRunner({
      commands: new CommandHandler(world.store),
      deadlines: world.deadlines,
      handlers,
      activity: alwaysActive,
      clock: { now: () => node.wallNow() },
      monotonic: node.monotonic,
      onFailure: (failure) => failures.push(failure),
      ...options,
    });
    runner.start();
    return runner;
  }

  async function set(inMs: number, type = 'have-effect', service = 'test'): Promise<string> {
    const id = `d${ids++}`;
    const dueAt = new Date(node.wallNow().getTime() + inMs);
    await deadlines.set({ deadlineId: id, dueAt, service, command: { type, data: { id } }, about: id, tenants: [] }, cause);
    await world.caughtUp();
    return id;
  }

  const facts = async (stream: string): Promise<RecordedEvent[]> => collect(world.store.readStream(stream));
  const typesOf = async (id: string) => (await facts(`deadline-${id}`)).map(({ type }) => type);
  /** Waits for a fact, while true time passes only by so much. */
  async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await holds())) await time.settled();
  }
  const over = (id: string) => until(async () => (await typesOf(id)).includes('DeadlinePassed'));

  it('are done when they are due, and not before', async () => {
    run();
    const id = await set(90_000);
    await time.advanceTo(89_000);
    expect(await typesOf(id)).toEqual(['DeadlineSet']);
    await time.advanceTo(90_001);
    await over(id);
    const [setBy] = await facts(`deadline-${id}`);
    const [effect] = await facts(`effect-${id}`);
    expect(effect?.metadata).toMatchObject({ correlationId: 'request', causationId: setBy?.id, actor: { id: 'deadlines' } });
  });

  it('that became due while nothing ran are done at the start', async () => {
    const id = await set(-MINUTE);
    run();
    await over(id);
  });

  it('are done within a minute when the clock is set ahead, and not again when it is set back', async () => {
    run();
    const id = await set(TWENTY_MINUTES);
    node.wallOffset = TWENTY_MINUTES;
    await time.advanceTo(MINUTE);
    await over(id);
    node.wallOffset = -TWENTY_MINUTES;
    await time.advanceTo(time.now + TWENTY_MINUTES);
    node.wallOffset = TWENTY_MINUTES;
    await time.advanceTo(time.now + TWENTY_MINUTES);
    await runner?.stop();
    run();
    await time.advanceTo(time.now + 2 * MINUTE);
    expect(calls).toEqual([id]);
    expect(await facts(`effect-${id}`)).toHaveLength(1);
  });

  it('have one effect when the process dies before it is recorded that they have passed', async () => {
    const id = await set(-1);
    let deaths = 0;
    const commands = new CommandHandler(world.store);
    const dying = Object.assign(Object.create(commands) as CommandHandler, {
      handle: (...args: Parameters<CommandHandler['handle']>) =>
        deaths++ === 0 ? Promise.reject(new Error('killed')) : commands.handle(...args),
    });
    run({ commands: dying });
    await until(() => failures.length === 1);
    await runner?.stop();
    run();
    await over(id);
    expect(calls).toEqual([id, id]);
    expect(await facts(`effect-${id}`)).toHaveLength(1);
  });

  it('that are cancelled are not done', async () => {
    run();
    const id = await set(MINUTE);
    await deadlines.cancel(id, cause);
    await world.caughtUp();
    await time.advanceTo(3 * MINUTE);
    expect(await typesOf(id)).toEqual(['DeadlineSet', 'DeadlineCancelled']);
    expect(calls).toEqual([]);
  });

  it('that fail hold back no others, and are tried again, ever more rarely', async () => {
    let broken = true;
    handlers.on('test', 'break', async () => {
      if (broken) throw new Error('broken');
    });
    const bad = await set(-2, 'break');
    const unknown = await set(-2, 'unheard-of');
    const good = await set(-1);
    run();
    await over(good);
    await until(() => failures.length === 2);
    expect(failures.find(({ deadlineId }) => deadlineId === unknown)?.error).toBeInstanceOf(NoDeadlineHandler);
    const attempts = (): number => failures.filter(({ deadlineId }) => deadlineId === bad).length;
    for (const [pause, nth] of [
      [1000, 2],
      [2000, 3],
      [4000, 4],
    ] as const) {
      await time.advanceTo(time.now + pause - 100);
      expect(attempts()).toBe(nth - 1);
      await time.advanceTo(time.now + 101);
      await until(() => attempts() === nth);
      await until(() => runner?.failingCount === 2);
      await time.settled();
    }
    broken = false;
    await time.advanceTo(time.now + 10_000);
    await over(bad);
    await until(() => runner?.failingCount === 1);
  });

  it('of services that have no handler here are left alone, and hold back no others', async () => {
    const foreign: string[] = [];
    for (let n = 0; n < 30; n++) foreign.push(await set(-1000 + n, 'have-effect', 'elsewhere'));
    const own = await set(-1);
    run();
    await over(own);
    await time.advanceTo(time.now + 5 * MINUTE);
    expect(failures).toEqual([]);
    expect(calls).toEqual([own]);
    for (const id of foreign) expect(await typesOf(id)).toEqual(['DeadlineSet']);
  });

  it('that hang hold back no others', async () => {
    handlers.on('test', 'hang', () => new Promise(() => undefined));
    const hanging = await set(-2, 'hang');
    const good = await set(-1);
    run();
    await over(good);
    await time.advanceTo(time.now + 30_001);
    await until(() => failures.length === 1);
    expect(failures[0]).toMatchObject({ deadlineId: hanging, failures: 1 });
  });

  it('are done by nobody but the holder of the lease', async () => {
    let held = false;
    let gained: () => void = () => undefined;
    const changes = (listener: () => void) => {
      gained = listener;
      return () => undefined;
    };
    const id = await set(-1);
    run({ activity: { held: () => held, changes } });
    await time.advanceTo(5 * MINUTE);
    expect(calls).toEqual([]);
    held = true;
    gained();
    await over(id);
  });

  it(
    'that are due by the thousand are done a few at a time',
    async () => {
      let working = 0;
      let most = 0;
      handlers.on('test', 'count', async () => {
        most = Math.max(most, ++working);
        await new Promise(setImmediate);
        working--;
      });
      const due: string[] = [];
      for (let n = 0; n < 25; n++) due.push(...(await Promise.all(Array.from({ length: 40 }, () => set(-1, 'count')))));
      expect(await world.totals.get('test')).toEqual({ service: 'test', open: 1000 });
      run();
      await until(async () => ((await world.totals.get('test'))?.open ?? 0) === 0);
      expect(most).toBe(16);
      for (const id of due) expect(await typesOf(id)).toEqual(['DeadlineSet', 'DeadlinePassed']);
    },
    LONG,
  );

  it.each([1, 2])(
    'are done once, whatever happens to processes, clocks and answers (seed %i)',
    async (seed) => {
      const findings = await whileClockJumps(randomFrom(seed), () =>
        simulateDeadlines(world, { seed, processes: 3, deadlines: 40, troubleMs: 10 * MINUTE }),
      );
      expect(findings).toMatchObject({ firedTwice: 0, missed: 0 });
      expect(findings.sent).toBeGreaterThan(40);
      expect(await positionsBack(world.store)).toBe(0);
    },
    LONG,
  );
});
