import { type ContainerRun, type ContainerWorld, advance, type Happening, newRun } from './container-run';

/** The life of a pod on its host so far; kept in the store, so that it survives the process. */
export interface PodRun {
  boundAt: number;
  /** When its containers could begin, if they had to wait for a volume; `true` while they do. */
  heldBack?: number | true | undefined;
  ip: string;
  init: ContainerRun[];
  main: ContainerRun[];
  /** When its termination began. */
  terminatingSince?: number | undefined;
}

export interface PodWorld {
  readonly init: readonly (ContainerWorld & { readonly sidecar: boolean })[];
  readonly main: readonly ContainerWorld[];
  /** A volume whose source does not exist: no container starts before it does. */
  readonly mountBlockedBy: string | undefined;
}

export interface ContainerHappening {
  readonly list: 'init' | 'main';
  readonly index: number;
  readonly what: Happening;
}

export const newPodRun = (now: number, ip: string, init: number, main: number): PodRun => ({
  boundAt: now,
  ip,
  init: Array.from({ length: init }, () => newRun(now)),
  main: Array.from({ length: main }, () => newRun(now)),
});

/** All containers of a pod as they are at `now`: init containers one after the other, then the others together. */
export const advancePod = (
  run: PodRun,
  world: PodWorld,
  now: number,
): { run: PodRun; next: number | undefined; happenings: ContainerHappening[] } => {
  const happenings: ContainerHappening[] = [];
  const times: number[] = [];
  const step = (
    list: 'init' | 'main',
    index: number,
    one: ContainerRun,
    conditions: ContainerWorld,
    from: number,
  ): ContainerRun => {
    const begun: ContainerRun = one.phase === 'waiting' ? { ...one, phase: 'creating', since: from } : one;
    const advanced = advance(begun, conditions, now);
    happenings.push(...advanced.happenings.map((what) => ({ list, index, what })));
    if (advanced.next !== undefined) times.push(advanced.next);
    return advanced.run;
  };
  if (world.mountBlockedBy !== undefined && run.main.every(({ phase }) => phase === 'waiting')) {
    return { run: { ...run, heldBack: true }, next: undefined, happenings };
  }
  const heldBack = run.heldBack === true ? now : run.heldBack;
  const init = [...run.init];
  let from: number | undefined = heldBack ?? run.boundAt;
  for (const [index, conditions] of world.init.entries()) {
    if (from === undefined) break;
    init[index] = step('init', index, init[index] ?? newRun(now), conditions, from);
    from = passedAt(init[index], conditions.sidecar);
  }
  const main = run.main.map((one, index) => (from === undefined ? one : step('main', index, one, world.main[index]!, from)));
  return { run: { ...run, heldBack, init, main }, next: times.length > 0 ? Math.min(...times) : undefined, happenings };
};

/** When the next container may begin: after this one succeeded, or (a sidecar) started. */
const passedAt = (run: ContainerRun, sidecar: boolean): number | undefined => {
  if (sidecar) return run.startedAt;
  return run.phase === 'exited' && run.exitCode === 0 ? run.finishedAt : undefined;
};
