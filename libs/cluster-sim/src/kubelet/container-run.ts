import { type Behaviour } from '../config';
import { type ImageConduct } from './images';

/** The life of one container so far. Times in milliseconds since the epoch; nothing in it depends on this process. */
export interface ContainerRun {
  phase: 'waiting' | 'creating' | 'blocked' | 'pull-failed' | 'running' | 'exited' | 'backing-off';
  /** When this phase began. */
  since: number;
  restarts: number;
  /** Image pulls that failed in a row. */
  failedPulls: number;
  startedAt?: number | undefined;
  finishedAt?: number | undefined;
  exitCode?: number | undefined;
  ready: boolean;
  /** How the run before this one ended. */
  last?: { exitCode: number; startedAt: number; finishedAt: number } | undefined;
  /** Why the container cannot be created. */
  blockedBy?: string | undefined;
  /** Whether the restart that is waited for was announced as a back-off. */
  saidBackOff?: boolean | undefined;
  /** What the image was known to do, and when that changed under this run: nothing that follows from the change is earlier. */
  behaviour?: Behaviour | undefined;
  changedAt?: number | undefined;
}

/** What is known about a container from outside. */
export interface ContainerWorld {
  readonly conduct: ImageConduct;
  /** Runs once: an init container, or a container of a pod that is not restarted always. */
  readonly runsToEnd: boolean;
  readonly restartPolicy: 'Always' | 'OnFailure' | 'Never';
  /** A reference in its environment that does not exist. */
  readonly blockedBy: string | undefined;
  readonly crashAfterMs: number;
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
}

export type Happening =
  'Pulled' | 'PullFailed' | 'PullBackOff' | 'Blocked' | 'Started' | 'Unhealthy' | 'Crashed' | 'BackOff' | 'Ready';

export const newRun = (now: number): ContainerRun => ({
  phase: 'waiting',
  since: now,
  restarts: 0,
  failedPulls: 0,
  ready: false,
});

/** Creating takes a fifth of the time to ready, at most this. */
const MAX_CREATION_MS = 20;
/** A failed pull is shown as ErrImagePull for this long, a crashed container as terminated, before the back-off is. */
export const ERROR_SHOWN_MS = 100;
const FIRST_RESTART_MS = 10;

/**
 * The run as it is at `now`, every step in between taken at its own time: a run that slept through a restart of the process
 * goes on as if it had not. `next` is when something will change by itself.
 *
 * waiting → creating → running → (ready) …            pull-failed: tried again, later each time
 *                        └→ exited → backing-off → running (restartPolicy allowing)
 */
export const advance = (
  run: ContainerRun,
  world: ContainerWorld,
  now: number,
): { run: ContainerRun; next: number | undefined; happenings: Happening[] } => {
  const happenings: Happening[] = [];
  let current = noticeChanges(run, world, now);
  for (;;) {
    const step = nextStep(current, world);
    const at = step && Math.max(step.at, current.changedAt ?? 0);
    if (!step || at === undefined || at > now) return { run: current, next: at, happenings };
    const { happened, change } = step;
    if (happened) happenings.push(...happened);
    current = { ...current, ...change(at) };
    // A loop of thousands of short crashes slept through is not replayed one by one.
    if (happenings.length > 64) happenings.splice(0, 32);
  }
};

const noticeChanges = (run: ContainerRun, { conduct, blockedBy }: ContainerWorld, now: number): ContainerRun => {
  const { behaviour } = conduct;
  const unblocked = run.phase === 'blocked' && blockedBy === undefined;
  return {
    ...run,
    ...(unblocked ? { phase: 'creating' as const, since: now, blockedBy: undefined } : {}),
    ...(run.behaviour !== undefined && run.behaviour !== behaviour ? { changedAt: now } : {}),
    behaviour,
  };
};

interface Step {
  readonly at: number;
  readonly happened?: Happening[];
  readonly change: (at: number) => Partial<ContainerRun>;
}

const nextStep = (run: ContainerRun, world: ContainerWorld): Step | undefined => {
  switch (run.phase) {
    case 'waiting':
    case 'blocked':
      // Both wait to be told: that it is their turn, that what they lack is there.
      return undefined;
    case 'creating':
    case 'pull-failed':
      return creationStep(run, world);
    case 'running':
      return runningStep(run, world);
    case 'exited':
      return restartStep(run, world);
    case 'backing-off':
      return { at: run.since + restartDelay(run.restarts, world), happened: ['Started'], change: start(run, run.restarts + 1) };
  }
};

const start =
  (run: ContainerRun, restarts: number) =>
  (at: number): Partial<ContainerRun> => ({
    phase: 'running',
    since: at,
    startedAt: at,
    finishedAt: undefined,
    exitCode: undefined,
    restarts,
    failedPulls: 0,
    blockedBy: undefined,
    saidBackOff: undefined,
    changedAt: undefined,
    ready: false,
    last:
      run.exitCode === undefined
        ? run.last
        : { exitCode: run.exitCode, startedAt: run.startedAt ?? at, finishedAt: run.finishedAt ?? at },
  });

const creationMs = ({ conduct, runsToEnd }: ContainerWorld): number =>
  Math.min(MAX_CREATION_MS, (runsToEnd ? conduct.runMs : conduct.startupMs) / 5);

const creationStep = (run: ContainerRun, world: ContainerWorld): Step => {
  const pulls = world.conduct.behaviour === 'pull-error';
  const due = run.since + (run.phase === 'pull-failed' ? backOff(run.failedPulls, world) : creationMs(world));
  if (run.phase === 'pull-failed' && !run.saidBackOff && run.since + ERROR_SHOWN_MS < due) {
    return { at: run.since + ERROR_SHOWN_MS, happened: ['PullBackOff'], change: () => ({ saidBackOff: true }) };
  }
  if (pulls) {
    const change = (at: number): Partial<ContainerRun> => ({
      phase: 'pull-failed',
      since: at,
      failedPulls: run.failedPulls + 1,
      saidBackOff: undefined,
    });
    return { at: due, happened: ['PullFailed'], change };
  }
  if (world.blockedBy) {
    return { at: due, happened: ['Blocked'], change: (at) => ({ phase: 'blocked', since: at, blockedBy: world.blockedBy }) };
  }
  return { at: due, happened: ['Pulled', 'Started'], change: start(run, run.restarts) };
};

const runningStep = (run: ContainerRun, world: ContainerWorld): Step | undefined => {
  const { conduct, runsToEnd } = world;
  const startedAt = run.startedAt ?? run.since;
  const exit = (code: number, after: number): Step => ({
    at: startedAt + after,
    ...(code === 0 ? {} : { happened: ['Crashed' as const] }),
    change: (at) => ({ phase: 'exited', since: at, finishedAt: at, exitCode: code, ready: false }),
  });
  if (conduct.behaviour === 'crash-loop') return exit(conduct.exitCode ?? 1, world.crashAfterMs);
  if (runsToEnd) {
    if (conduct.behaviour === 'never-ready') return run.ready ? undefined : becomeReady(startedAt);
    const left = conduct.runMs - creationMs(world);
    if (!run.ready) return becomeReady(startedAt);
    return exit(conduct.behaviour === 'job-fails' ? 1 : 0, left);
  }
  if (conduct.behaviour === 'never-ready') {
    if (run.ready) return { at: startedAt, happened: ['Unhealthy'], change: () => ({ ready: false }) };
    if (run.saidBackOff) return undefined;
    // Said once, when any other image would have been ready.
    return {
      at: startedAt + conduct.startupMs - creationMs(world),
      happened: ['Unhealthy'],
      change: () => ({ saidBackOff: true }),
    };
  }
  if (run.ready) return undefined;
  return becomeReady(startedAt + conduct.startupMs - creationMs(world));
};

const becomeReady = (at: number): Step => ({ at, happened: ['Ready'], change: () => ({ ready: true }) });

const restartStep = (run: ContainerRun, world: ContainerWorld): Step | undefined => {
  const again = world.restartPolicy === 'Always' || (world.restartPolicy === 'OnFailure' && run.exitCode !== 0);
  if (!again || (world.runsToEnd && run.exitCode === 0)) return undefined;
  if (run.restarts === 0) return { at: run.since + FIRST_RESTART_MS, happened: ['Started'], change: start(run, 1) };
  const shown = Math.min(ERROR_SHOWN_MS, restartDelay(run.restarts, world) / 2);
  // `since` stays that of the exit: the back-off counts from there.
  return { at: run.since + shown, happened: ['BackOff'], change: () => ({ phase: 'backing-off' }) };
};

/** The first restart comes at once; then base, twice the base, … */
const restartDelay = (restarts: number, world: ContainerWorld): number => backOff(restarts, world);

export const backOff = (times: number, { backoffMs, backoffMaxMs }: Pick<ContainerWorld, 'backoffMs' | 'backoffMaxMs'>): number =>
  Math.max(1, Math.min(backoffMs * 2 ** Math.min(Math.max(0, times - 1), 40), backoffMaxMs));
