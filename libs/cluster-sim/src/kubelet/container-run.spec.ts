import { type Behaviour } from '../config';
import { advance, type ContainerRun, type ContainerWorld, newRun } from './container-run';

const world = (behaviour: Behaviour, rest: Partial<ContainerWorld> = {}): ContainerWorld => ({
  conduct: { behaviour, startupMs: 100, runMs: 150 },
  runsToEnd: false,
  restartPolicy: 'Always',
  blockedBy: undefined,
  crashAfterMs: 50,
  backoffMs: 1000,
  backoffMaxMs: 300_000,
  ...rest,
});
const job = (behaviour: Behaviour, restartPolicy: 'Never' | 'OnFailure' = 'Never'): ContainerWorld =>
  world(behaviour, { runsToEnd: true, restartPolicy });
const created: ContainerRun = { ...newRun(0), phase: 'creating' };
const at = (now: number, conditions: ContainerWorld, run = created): ContainerRun => advance(run, conditions, now).run;

describe('A container', () => {
  describe('of a normal image', () => {
    it('is created, runs, and is ready after its start-up time', () => {
      expect(at(10, world('normal'))).toMatchObject({ phase: 'creating', ready: false });
      expect(at(50, world('normal'))).toMatchObject({ phase: 'running', ready: false, startedAt: 20 });
      expect(at(99, world('normal'))).toMatchObject({ ready: false });
      expect(at(100, world('normal'))).toMatchObject({ ready: true, restarts: 0 });
      expect(advance(created, world('normal'), 500).next).toBeUndefined();
    });

    it('is where it would be if the process that ran it was away', () => {
      const conditions = world('crash-loop');
      const watched = [5, 60, 90, 500, 1500, 4000].reduce((run, now) => at(now, conditions, run), created);
      expect(at(4000, conditions)).toEqual(watched);
    });

    it('ends with 0 after its run time when it runs once', () => {
      expect(at(149, job('normal'))).toMatchObject({ phase: 'running', ready: true });
      expect(at(150, job('normal'))).toMatchObject({ phase: 'exited', exitCode: 0, finishedAt: 150 });
      expect(advance(created, job('normal'), 9999).next).toBeUndefined();
    });
  });

  it('that is never ready runs and says so once', () => {
    const { run, happenings, next } = advance(created, world('never-ready'), 100_000);
    expect(run).toMatchObject({ phase: 'running', ready: false });
    expect(happenings.filter((what) => what === 'Unhealthy')).toHaveLength(1);
    expect(next).toBeUndefined();
  });

  it('of a crash loop restarts at once, then ever later', () => {
    const conditions = world('crash-loop');
    const restartsAt = (now: number): number => at(now, conditions).restarts;
    expect([60, 90, 1000, 1200, 3000, 3400].map(restartsAt)).toEqual([0, 1, 1, 2, 2, 3]);
    expect(at(600, conditions)).toMatchObject({ phase: 'backing-off', exitCode: 1 });
  });

  it('whose image cannot be pulled tries again, and starts when it can', () => {
    expect(at(30, world('pull-error'))).toMatchObject({ phase: 'pull-failed', failedPulls: 1 });
    expect(at(200, world('pull-error'))).toMatchObject({ saidBackOff: true });
    const stuck = at(1100, world('pull-error'));
    expect(stuck).toMatchObject({ failedPulls: 2 });
    expect(at(3100, world('normal'), stuck)).toMatchObject({ phase: 'running' });
  });

  it('of a failing job ends with 1, and is run again only where the policy says so', () => {
    expect(at(9999, job('job-fails'))).toMatchObject({ phase: 'exited', exitCode: 1, restarts: 0 });
    expect(at(400, job('job-fails', 'OnFailure')).restarts).toBe(1);
  });

  it('waits for what its environment lacks, and begins when it is there', () => {
    const blocked = at(5000, world('normal', { blockedBy: 'secret "x" not found' }));
    expect(blocked).toMatchObject({ phase: 'blocked', blockedBy: 'secret "x" not found' });
    expect(at(5001, world('normal'), blocked)).toMatchObject({ phase: 'creating' });
    expect(at(5100, world('normal'), at(5001, world('normal'), blocked))).toMatchObject({ phase: 'running', ready: false });
  });

  it('whose image changes its conduct does so from then on, not in the past', () => {
    const running = at(60_000, world('normal'));
    const crashed = at(60_001, world('crash-loop'), running);
    expect(crashed).toMatchObject({ phase: 'exited', restarts: 0, finishedAt: 60_001 });
    expect(at(60_002, world('never-ready'), running)).toMatchObject({ phase: 'running', ready: false });
    expect(at(60_003, world('normal'), at(60_002, world('never-ready'), running))).toMatchObject({ ready: true });
  });
});
