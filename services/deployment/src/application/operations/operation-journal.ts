import { Injectable } from '@nestjs/common';
import { CommandHandler, derivedUuid, type Loaded } from '@souk/event-sourcing';
import { instance as instanceAggregate } from '../../domain/instances/instance.decide';
import type { Instance, RunningOperation } from '../../domain/instances/instance';
import type { Operation, StartedOperation } from '../../domain/operations/operation';
import { isNews, operation as operationAggregate } from '../../domain/operations/operation.decide';
import type { OperationFact, OperationStarted } from '../../domain/operations/operation.events';
import { OperationCauses } from '../operation-causes';
import { OperationCounts } from './operation-counts';

/** An operation as it stands in its stream. */
export interface Entry {
  readonly operation: StartedOperation;
  readonly revision: number;
}

/** Reads and writes the streams of instances and operations on behalf of the reconciler. */
@Injectable()
export class OperationJournal {
  constructor(
    private readonly commands: CommandHandler,
    private readonly causes: OperationCauses,
    private readonly counts: OperationCounts,
  ) {}

  instance(instanceId: string): Promise<Loaded<Instance>> {
    return this.commands.load(instanceAggregate, instanceId);
  }

  /** The same instance as it is now. */
  async now(instanceId: string, known: Loaded<Instance>): Promise<Instance> {
    return (await this.commands.since(instanceAggregate, instanceId, known)).state;
  }

  async operation(operationId: string): Promise<Entry | undefined> {
    const { state, revision } = await this.commands.load(operationAggregate, operationId);
    return state.status === 'unknown' ? undefined : { operation: state, revision };
  }

  async start(data: OperationStarted['data']): Promise<Entry> {
    const context = await this.causes.context(data.instanceId, data.operationId, 'start');
    const outcome = await this.commands.handle(operationAggregate, data.operationId, { type: 'StartOperation', data }, context);
    return { operation: started(outcome.state), revision: outcome.revision };
  }

  /**
   * Nothing is written where nothing is news. What was seen is recorded only where nobody has recorded anything since: a replica that has
   * lost the cluster, and does not know it yet, has seen what is not so any more.
   * @throws RevisionMismatch
   */
  async record(entry: Entry, ...facts: readonly OperationFact[]): Promise<Entry> {
    const { operationId, instanceId } = entry.operation.started;
    if (!facts.some((fact) => isNews(fact, entry.operation))) return entry;
    // The same facts at the same revision are the same command: an append whose answer got lost is not made twice.
    const digest = derivedUuid(JSON.stringify(facts));
    const context = await this.causes.context(instanceId, operationId, 'record', entry.revision, digest);
    const outcome = await this.commands.handle(
      operationAggregate,
      operationId,
      { type: 'RecordFacts', facts },
      { ...context, ifMatch: entry.revision },
      { state: entry.operation, revision: entry.revision },
    );
    return { operation: started(outcome.state), revision: outcome.revision };
  }

  /** Tells the instance how its operation ended. @param loaded while it ran */
  async conclude(instanceId: string, loaded: Loaded<Instance>, { operation }: Entry): Promise<void> {
    const { operationId } = operation.started;
    const ended = {
      outcome: operation.status === 'succeeded' || operation.status === 'rolled-back' ? operation.status : 'failed',
      ...('failure' in operation && { failure: operation.failure }),
    } as const;
    const command = { type: 'ConcludeOperation', operationId, completedInit: [...operation.completedInit], ...ended } as const;
    const context = await this.causes.context(instanceId, operationId, 'conclude');
    const { events } = await this.commands.handle(instanceAggregate, instanceId, command, context, loaded);
    this.counts.add(events);
    this.causes.forget(operationId);
  }

  /** The operation that was cut short by this one learns of it. */
  async preempt(operationId: string, by: RunningOperation): Promise<void> {
    const entry = await this.operation(operationId);
    if (entry?.operation.status !== 'running') return;
    const { instanceId } = entry.operation.started;
    await this.record(entry, { type: 'OperationPreempted', data: { operationId, instanceId, by: by.operationId } });
    this.causes.forget(operationId);
  }
}

function started(state: Operation): StartedOperation {
  if (state.status === 'unknown') throw new Error('an operation that was written to has not started');
  return state;
}
