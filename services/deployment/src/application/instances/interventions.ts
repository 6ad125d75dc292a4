import { Injectable } from '@nestjs/common';
import { type CommandContext, CommandHandler } from '@souk/event-sourcing';
import { instance as instanceAggregate } from '../../domain/instances/instance.decide';
import { type Instance, operationOf } from '../../domain/instances/instance';
import { operation as operationAggregate } from '../../domain/operations/operation.decide';
import type { InstanceDoc } from '../../projections/instances.projection';
import { Reconciler } from '../operations/reconciler';
import { SecretRollout } from '../secrets/secret-rollout';

interface Reasoned {
  readonly instanceId: string;
  readonly reason: string;
}

/** What operators do where the reconciler can't go on, or should not. Everything is on the record, with who and why. */
@Injectable()
export class Interventions {
  constructor(
    private readonly commands: CommandHandler,
    private readonly reconciler: Reconciler,
    private readonly rollout: SecretRollout,
  ) {}

  /** From the next moment on nothing is done to the instance; what is under way stalls. */
  async suspend({ instanceId, reason }: Reasoned, context: CommandContext) {
    const command = { type: 'SuspendReconciliation', instanceId, reason } as const;
    const outcome = await this.commands.handle(instanceAggregate, instanceId, command, context);
    this.lookAt(outcome.state);
    return outcome;
  }

  async resume({ instanceId, reason }: Reasoned, context: CommandContext) {
    const command = { type: 'ResumeReconciliation', instanceId, reason } as const;
    const outcome = await this.commands.handle(instanceAggregate, instanceId, command, context);
    this.lookAt(outcome.state);
    const { commandId, correlationId, actor } = context;
    // A secret may have been rotated meanwhile. Whoever asks once more after a crash gets here again.
    await this.rollout.follow(instanceId, { commandId, correlationId, causationId: commandId, actor });
    return outcome;
  }

  /** A stalled operation goes on at once; one that was suspended is that no more. @throws OperationEnded */
  async resumeOperation(operationId: string, { instanceId, reason }: Reasoned, context: CommandContext) {
    const command = { type: 'ResumeReconciliation', instanceId, operationId, reason } as const;
    const outcome = await this.commands.handle(instanceAggregate, instanceId, command, context);
    this.lookAt(outcome.state);
    return outcome;
  }

  /** What an operation has failed at is tried once more, by another one; init nodes as well. @throws NothingToRetry */
  async retry(
    failedOperation: string,
    { instanceId, lastOperationId }: Pick<InstanceDoc, 'instanceId' | 'lastOperationId'>,
    operationId: string,
    context: CommandContext,
  ) {
    const command = { type: 'RequestRetry', instanceId, operationId, failedOperation, lastOperation: lastOperationId } as const;
    const outcome = await this.commands.handle(instanceAggregate, instanceId, command, context);
    this.lookAt(outcome.state);
    return outcome;
  }

  /** For this operation the node counts as ready, or as completed. */
  async override(operationId: string, node: string, { instanceId, reason }: Reasoned, context: CommandContext) {
    const command = { type: 'OverrideNode', operationId, node, reason } as const;
    const outcome = await this.commands.handle(operationAggregate, operationId, command, context);
    this.lookAt((await this.commands.load(instanceAggregate, instanceId)).state);
    return outcome;
  }

  private lookAt(state: Instance): void {
    if (state.status === 'unknown') return;
    const { clusterId, instanceId } = state;
    if (operationOf(state)) this.reconciler.wake(clusterId, instanceId);
    else this.reconciler.inspect(clusterId, instanceId);
  }
}
