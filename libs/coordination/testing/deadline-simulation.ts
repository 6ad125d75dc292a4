import { CommandHandler } from '@souk/event-sourcing';
import { DeadlineHandlers, DeadlineRunner, Deadlines, LeaseKeeper } from '@souk/coordination';
import { type DeadlineWorld, haveEffect } from './deadline-world';
import { FarEventStore } from './far-event-store';
import { randomFrom, SimulatedNode, SimulatedTime } from './simulated-time';

export interface DeadlineSimulation {
  readonly seed: number;
  readonly processes: number;
  readonly deadlines: number;
  /** True milliseconds of trouble; peace follows. */
  readonly troubleMs: number;
}

export interface DeadlineFindings {
  /** Deadlines that passed more than once, or had more than one effect. */
  readonly firedTwice: number;
  /** Deadlines that did not pass, or without effect. */
  readonly missed: number;
  /** How often a command was sent: more often than there are deadlines, when something was cut off in between. */
  readonly sent: number;
}

const TERM = 10_000;
const TWENTY_MINUTES = 20 * 60_000;

/**
 * Processes that do what is due, on computers whose clocks are set ahead and back by twenty minutes, that freeze and are killed, and whose
 * appends are made without an answer, over stores that are real.
 */
export async function simulateDeadlines(
  world: DeadlineWorld,
  { seed, processes, deadlines, troubleMs }: DeadlineSimulation,
): Promise<DeadlineFindings> {
  const random = randomFrom(seed);
  const time = new SimulatedTime();
  let trouble = true;
  let sent = 0;
  let starts = 0;
  const network = { delay: () => 1 + random() * 20, loses: () => trouble && random() < 0.03 };
  const before = await world.store.head();

  const start = () => {
    const node = new SimulatedNode(time);
    const store = new FarEventStore(world.store, time, node, network);
    const handlers = new DeadlineHandlers();
    handlers.on('simulation', 'have-effect', async (data, context) => {
      sent++;
      await haveEffect(store, (data as { id: string }).id, context);
      if (trouble && random() < 0.05) throw new Error('trouble');
    });
    const options = { lease: `deadlines${seed}`, holder: `process-${starts++}`, termMs: TERM };
    const lease = new LeaseKeeper(store, node.monotonic, options);
    const runner = new DeadlineRunner({
      commands: new CommandHandler(store),
      deadlines: world.deadlines,
      handlers,
      activity: lease.activity,
      clock: { now: () => node.wallNow() },
      monotonic: node.monotonic,
    });
    runner.start();
    void lease.start();
    return { node, runner };
  };
  const computers = Array.from({ length: processes }, start);

  const setter = new Deadlines(new CommandHandler(world.store));
  const cause = { correlationId: 'simulation', causationId: 'simulation', actor: { kind: 'system', id: 'simulation' } } as const;
  const ids = Array.from({ length: deadlines }, (_, n) => `${seed}x${n}`);
  for (const id of ids) {
    const dueAt = new Date(new SimulatedNode(time).wallNow().getTime() + random() * troubleMs);
    const command = { type: 'have-effect', data: { id } };
    await setter.set({ deadlineId: id, dueAt, service: 'simulation', command, about: id, tenants: [] }, cause);
  }

  const mischief = (): void => {
    if (!trouble) return;
    const at = Math.floor(random() * computers.length);
    const { node } = computers[at]!;
    const kind = random();
    if (kind < 0.5) node.wallOffset = (random() * 2 - 1) * TWENTY_MINUTES;
    else if (kind < 0.75) node.freeze(random() * 3 * TERM);
    else {
      node.freeze(Infinity);
      computers[at] = start();
    }
    time.at(time.now + random() * 3 * TERM, mischief);
  };
  time.at(0, mischief);

  await time.advanceTo(troubleMs);
  trouble = false;
  for (const { node } of computers) node.wallOffset = 0;
  // As much true time as it takes for everything to be done: what fails is tried again after minutes.
  for (let minute = 0; minute < 12; minute++) {
    await world.caughtUp();
    await time.advanceTo(time.now + 60_000);
  }
  for (const { node } of computers) node.freeze(Infinity);

  const passed = new Map<string, number>();
  const effects = new Map<string, number>();
  for await (const { stream, type } of world.store.readAll({ after: before })) {
    if (type === 'DeadlinePassed') count(passed, stream.slice('deadline-'.length));
    if (type === 'EffectHappened') count(effects, stream.slice('effect-'.length));
  }
  return {
    firedTwice: ids.filter((id) => (passed.get(id) ?? 0) > 1 || (effects.get(id) ?? 0) > 1).length,
    missed: ids.filter((id) => !passed.has(id) || !effects.has(id)).length,
    sent,
  };
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
