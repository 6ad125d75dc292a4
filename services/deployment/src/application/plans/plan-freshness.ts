import { Injectable } from '@nestjs/common';
import { type CommandContext, CommandHandler, RevisionMismatch } from '@souk/event-sourcing';
import { cluster } from '../../domain/clusters/cluster.decide';
import { instance } from '../../domain/instances/instance.decide';
import { PlanStale } from '../../domain/plans/plan.errors';
import type { FilledIn } from '../../domain/instances/parameters';
import { filledInDigest, movedSince, type PlanRevisions } from '../../domain/plans/plan-revisions';

/** What is to be done, as far as a plan depends on it. */
interface Subject {
  readonly snapshot: string;
  readonly configuration: string;
  readonly clusterId: string;
  /** Where there is one already. */
  readonly instanceId?: string;
  /** For a new one. */
  readonly filledIn?: FilledIn;
}

/** Holds plans against what is true now. */
@Injectable()
export class PlanFreshness {
  constructor(private readonly commands: CommandHandler) {}

  async revisionsOf({ snapshot, configuration, clusterId, instanceId, filledIn }: Subject): Promise<PlanRevisions> {
    const { revision } = await this.commands.load(cluster, clusterId);
    const revisions = { snapshot, configuration, clusterId, cluster: revision };
    if (instanceId === undefined) return { ...revisions, filledIn: filledInDigest(filledIn ?? { parameters: {}, secrets: {} }) };
    return { ...revisions, instanceId, instance: (await this.commands.load(instance, instanceId)).revision };
  }

  /** @throws PlanStale */
  async assertHolds(plan: PlanRevisions | undefined, subject: Subject): Promise<void> {
    const moved = plan ? movedSince(plan, await this.revisionsOf(subject)) : [];
    if (moved.length > 0) throw new PlanStale(moved);
  }

  /**
   * Gives the command to an instance that is as it was planned, or not at all. A repeated command is answered as it was the first time, although
   * by then it has changed the instance itself.
   * @throws PlanStale
   */
  async asPlanned<T>(
    plan: PlanRevisions | undefined,
    subject: Subject,
    context: CommandContext,
    command: (context: CommandContext) => Promise<T>,
  ): Promise<T> {
    if (!plan) return command(context);
    const now = await this.revisionsOf(subject);
    const moved = movedSince(plan, now);
    const isOfAnother = plan.instance === undefined || plan.instanceId !== now.instanceId;
    if (isOfAnother || (plan.instance === now.instance && moved.length > 0)) throw new PlanStale(moved);
    // The handler looks at the revision again, and knows whether this is a repeat.
    const ifMatch = plan.instance === now.instance ? (context.ifMatch ?? plan.instance) : plan.instance;
    try {
      return await command({ ...context, ifMatch });
    } catch (error) {
      if (!(error instanceof RevisionMismatch) || error.expected !== plan.instance) throw error;
      throw new PlanStale(movedSince(plan, { ...now, instance: error.actual }));
    }
  }
}
