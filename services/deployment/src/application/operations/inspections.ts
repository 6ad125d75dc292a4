import { Injectable } from '@nestjs/common';
import { AuthorizationQueries, type CallContext, derivedId, ReleaseQueries } from '@souk/contracts';
import { CommandHandler, derivedUuid } from '@souk/event-sourcing';
import { Clock } from '@souk/platform';
import { LRUCache } from 'lru-cache';
import type { ClusterObject } from '../../domain/cluster-object';
import { type Difference, differencesOf } from '../../domain/health/drift';
import { type Condition, conditionOf, type Health, isAlike, moreTelling } from '../../domain/health/health';
import { health as healthAggregate, type HealthCommand } from '../../domain/health/health.decide';
import { type KnownInstance, mayCorrect } from '../../domain/instances/instance';
import { instance as instanceAggregate } from '../../domain/instances/instance.decide';
import type { RenderedInstance } from '../../domain/render/render-instance';
import { unrenderable } from '../../domain/render/unrenderable';
import type { ClusterWorkplace } from '../clusters/cluster-workplace';
import { DeploymentSettings } from '../deployment-settings';
import { RECONCILER } from '../operation-causes';
import { Drawings } from '../plans/drawings';
import { Renderings } from '../plans/renderings';
import type { Outcome } from '../work-queue';

/** How long a correction counts against further ones, in milliseconds. */
const CORRECTIONS_COUNT_MS = 3_600_000;

/** `told`: there is drift that is left so for now, and known. */
export type Remark = 'nothing' | 'told' | 'news';

/** How long a condition that was told counts for how soon the next one is, in milliseconds. */
const TURNS_COUNT_MS = 3_600_000;
/** Conditions that are told without further patience. */
const USUAL_TURNS = 4;
/** Doublings of the patience, at most. */
const LONGEST_PATIENCE = 6;

/** What was found of an instance at rest. */
interface Findings {
  readonly differences: readonly Difference[];
  readonly condition: Condition;
}

interface Subject {
  readonly instance: KnownInstance;
  readonly revision: number;
  readonly told: Health;
  readonly rendered: RenderedInstance;
}

/** Another condition than what was told last, since it was seen first. */
interface Suspicion {
  readonly condition: Condition;
  readonly since: number;
}

/**
 * Looks at instances that nothing is done to: whether their nodes run, and whether what stands on the cluster is what was applied. What
 * differs is put right by an operation, as far as its owner wants that; else it is told, and so is a node that has not been ready for a while.
 */
@Injectable()
export class Inspections {
  /** Only as long as nothing is told: whoever looks first after a restart waits once more. */
  private readonly suspicions = new Map<string, Suspicion>();
  /** How often the condition was told in a row, and when last. */
  private readonly turns = new LRUCache<string, { readonly times: number; readonly at: number }>({ max: 10_000 });

  constructor(
    private readonly commands: CommandHandler,
    private readonly releases: ReleaseQueries,
    private readonly authorization: AuthorizationQueries,
    private readonly renderings: Renderings,
    private readonly drawings: Drawings,
    private readonly clock: Clock,
    private readonly settings: DeploymentSettings,
  ) {}

  /** Whether it has to be inspected by whoever works on its cluster: there is something to tell, or to do. */
  async remarkOn(instanceId: string, objects: readonly ClusterObject[]): Promise<Remark> {
    const subject = await this.subjectOf(instanceId);
    if (!subject) return 'nothing';
    const { instance, told } = subject;
    const { differences, condition } = found(subject, objects);
    if (!isAlike(condition, told) || JSON.stringify(differences) !== JSON.stringify(told.differences)) return 'news';
    if (differences.length === 0) return 'nothing';
    const countedFrom = new Date(this.clock.now().getTime() - CORRECTIONS_COUNT_MS).toISOString();
    return mayCorrect(instance, countedFrom, differences) ? 'news' : 'told';
  }

  /** @throws KubernetesError, NotOurs; to be called again after a pause */
  async inspect(instanceId: string, workplace: ClusterWorkplace): Promise<Outcome & { readonly begun?: boolean }> {
    const subject = await this.subjectOf(instanceId);
    if (!subject) {
      this.suspicions.delete(instanceId);
      return { done: true };
    }
    await workplace.ready();
    let findings = found(subject, workplace.objectsOf(instanceId));
    if (findings.differences.length > 0) {
      // A watch may be late: nobody is blamed for what was not seen with our own eyes.
      await workplace.lookAgain(instanceId, [...new Set(findings.differences.map(({ kind }) => kind))]);
      findings = found(subject, workplace.objectsOf(instanceId));
    }
    workplace.assertOurs();
    if (await this.correct(subject, findings)) return { done: true, begun: true };
    return this.tellCondition(subject, findings);
  }

  /** Answers whether an operation has begun. */
  private async correct({ instance, revision, told }: Subject, { differences }: Findings): Promise<boolean> {
    const { instanceId } = instance;
    const moment = this.clock.now().getTime();
    const [now, countedFrom] = [moment, moment - CORRECTIONS_COUNT_MS].map((ms) => new Date(ms).toISOString()) as [
      string,
      string,
    ];
    if (differences.length === 0 || !mayCorrect(instance, countedFrom, differences)) {
      if (JSON.stringify(differences) !== JSON.stringify(told.differences))
        await this.tell(instance, { type: 'TellDrift', of: partiesOf(instance), differences });
      return false;
    }
    const operationId = derivedId('operation', instanceId, 'correct', String(revision));
    const command = { type: 'RequestCorrection', instanceId, operationId, differences, now, countedFrom } as const;
    const context = contextOf('correct', instanceId, revision);
    const { events } = await this.commands.handle(instanceAggregate, instanceId, command, context);
    if (told.differences.length > 0) await this.tell(instance, { type: 'TellDrift', of: partiesOf(instance), differences: [] });
    return events.length > 0;
  }

  /** Told once it has lasted; a node that comes and goes is not told each time. */
  private async tellCondition({ instance, told }: Subject, { condition }: Findings): Promise<Outcome> {
    const { instanceId } = instance;
    if (isAlike(condition, told)) {
      this.suspicions.delete(instanceId);
      return { done: true };
    }
    const now = this.clock.now().getTime();
    const known = this.suspicions.get(instanceId);
    const suspicion =
      known && isAlike(known.condition, condition)
        ? { condition: moreTelling(known.condition, condition), since: known.since }
        : { condition, since: now };
    this.suspicions.set(instanceId, suspicion);
    const due = suspicion.since + this.settings.unhealthyAfterMs * this.patience(instanceId, now);
    if (now < due) return { lookAgainAt: new Date(due).toISOString() };
    await this.tell(instance, { type: 'TellCondition', of: partiesOf(instance), condition: suspicion.condition });
    this.suspicions.delete(instanceId);
    this.turns.set(instanceId, { times: this.turnsOf(instanceId, now) + 1, at: now });
    return { done: true };
  }

  /** What comes and goes all the time is told less and less often. */
  private patience(instanceId: string, now: number): number {
    return 2 ** Math.min(LONGEST_PATIENCE, Math.max(0, this.turnsOf(instanceId, now) - USUAL_TURNS));
  }

  private turnsOf(instanceId: string, now: number): number {
    const known = this.turns.get(instanceId);
    return known && now - known.at < TURNS_COUNT_MS ? known.times : 0;
  }

  private async tell({ instanceId }: KnownInstance, command: HealthCommand): Promise<void> {
    const { revision } = await this.commands.load(healthAggregate, instanceId);
    await this.commands.handle(healthAggregate, instanceId, command, contextOf(command.type, instanceId, revision));
  }

  /** An instance at rest, with what is to stand on its cluster; absent for any other, and where nobody can say what is to stand there. */
  private async subjectOf(instanceId: string): Promise<Subject | undefined> {
    const { state: instance, revision } = await this.commands.load(instanceAggregate, instanceId);
    if (instance.status !== 'running' && instance.status !== 'stopped' && instance.status !== 'degraded') return undefined;
    const credential = await this.authorization.credentialOf(instanceId);
    const snapshot = await this.releases.snapshot(instance.wanted.snapshot);
    const configuration = snapshot?.configurations.find(({ name }) => name === instance.configuration);
    if (!credential || !snapshot || !configuration) return undefined;
    const { appKey, secretVersion } = credential;
    const wanted = { configuration, permissions: snapshot.permissions, credential: { appKey, secretVersion } };
    const input = await this.renderings.inputOf(instance, wanted);
    const rendered = await this.drawings.take(instanceId).of(input).catch(unrenderable);
    if ('failure' in rendered) return undefined;
    const { state: told } = await this.commands.load(healthAggregate, instanceId);
    return { instance, revision, told, rendered };
  }
}

/** What an operation that failed has left undone is no drift; what was told before is neither there nor gone. */
function found({ instance, rendered, told }: Subject, objects: readonly ClusterObject[]): Findings {
  return {
    differences: instance.status === 'degraded' ? told.differences : differencesOf(rendered, objects),
    condition: conditionOf(rendered, { objects }),
  };
}

const partiesOf = ({ instanceId, ownerTenant, providerTenant }: KnownInstance) => ({ instanceId, ownerTenant, providerTenant });

/** What was seen has no cause in the history: it begins a chain of its own. */
function contextOf(what: string, instanceId: string, revision: number): CallContext {
  const commandId = derivedUuid('inspection', what, instanceId, revision);
  return { commandId, correlationId: commandId, causationId: commandId, actor: { kind: 'system', id: RECONCILER } };
}
