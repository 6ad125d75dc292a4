import { Injectable } from '@nestjs/common';
import { AppCatalogQueries, type CallContext, DeploymentCommands, ReleaseQueries, TenantDirectory } from '@souk/contracts';
import { CommandHandler, derivedUuid, DomainError, isIgnored } from '@souk/event-sourcing';
import { fulfilment, type FulfilmentStep, type RequestInstance, type StartOrder } from '../domain/fulfilment.process';
import { BuyerNotFound } from '../domain/fulfilment.errors';
import { requestOf, startOf } from '../domain/instance-plan';
import { purchaseAggregate } from '../domain/purchase.decide';
import type { OrderPaid } from '../domain/purchase.events';
import { instanceIdOf } from './order-ids';

/** The event that set it off. */
export interface Cause {
  readonly eventId: string;
  readonly correlationId: string;
}

/**
 * Does what {@link fulfilment} decides. Every command's id derives from (purchase, what is done, payment): however often it runs, and
 * wherever it was cut off before, there is one instance. What buyer or provider must mend is recorded with the order; any other failure
 * is thrown, and the bus brings the event again.
 */
@Injectable()
export class FulfilmentRunner {
  constructor(
    private readonly commands: CommandHandler,
    private readonly apps: AppCatalogQueries,
    private readonly releases: ReleaseQueries,
    private readonly deployment: DeploymentCommands,
    private readonly tenants: TenantDirectory,
  ) {}

  /** Brings one order to where it must be. @param streamId id of the purchase's stream */
  async run(streamId: string, cause: Cause): Promise<void> {
    for (;;) {
      const { state } = await this.commands.load(purchaseAggregate, streamId);
      const answer = fulfilment.react('order-fact-received', state);
      if (isIgnored(answer)) return;
      for (const step of answer) if ((await this.do(step, streamId, cause)) === 'done') return;
    }
  }

  /** `again`: the order has moved, and what is to be done next follows from it. */
  private async do(step: FulfilmentStep, streamId: string, cause: Cause): Promise<'done' | 'again'> {
    switch (step.type) {
      case 'start-order':
        return this.orRefuse(step.order, streamId, cause, () => this.start(step, streamId, cause));
      case 'request-instance':
        return this.orRefuse(step.order, streamId, cause, () => this.request(step, cause));
      case 'withdraw-instance': {
        const { purchaseId, instanceId } = step;
        await this.deployment.deleteInstance(instanceId, call(cause, purchaseId, 'delete-instance'));
        const command = { type: 'withdraw-fulfilment', data: { purchaseId, instanceId } } as const;
        await this.commands.handle(purchaseAggregate, streamId, command, call(cause, purchaseId, 'withdraw'));
        return 'done';
      }
    }
  }

  private async start({ order }: StartOrder, streamId: string, cause: Cause): Promise<'again'> {
    if (!(await this.tenants.exists(order.buyerTenant))) throw new BuyerNotFound(order.buyerTenant);
    const [app, version] = await Promise.all([
      this.apps.app(order.appId),
      order.versionId === undefined ? this.releases.newestReleased(order.appId) : this.releases.version(order.versionId),
    ]);
    const data = startOf(order, app, version, instanceIdOf(order.purchaseId));
    await this.commands.handle(
      purchaseAggregate,
      streamId,
      { type: 'start-fulfilment', data },
      call(cause, order.purchaseId, 'start', order.sequence),
    );
    return 'again';
  }

  private async request({ order, started }: RequestInstance, cause: Cause): Promise<'done'> {
    const context = call(cause, order.purchaseId, 'request-instance', order.sequence);
    await this.deployment.requestInstance(requestOf(order, started), context);
    return 'done';
  }

  private async orRefuse(
    order: OrderPaid['data'],
    streamId: string,
    cause: Cause,
    step: () => Promise<'done' | 'again'>,
  ): Promise<'done' | 'again'> {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      await this.refuse(order, error, streamId, cause);
      return 'again';
    }
  }

  private async refuse(
    { purchaseId, sequence, appId }: OrderPaid['data'],
    error: DomainError,
    streamId: string,
    cause: Cause,
  ): Promise<void> {
    const app = await this.apps.app(appId);
    const detail = [error.message, ...(error.problems ?? []).map(({ pointer, message }) => `${pointer}: ${message}`)].join('\n');
    const data = {
      purchaseId,
      sequence,
      code: error.code,
      detail,
      ...(app && { providerTenant: app.providerTenant }),
    };
    await this.commands.handle(
      purchaseAggregate,
      streamId,
      { type: 'refuse-fulfilment', data },
      call(cause, purchaseId, 'refuse', sequence),
    );
  }
}

/** Ids of this process's commands follow from the purchase, not from the event: two events of one order must not do a thing twice. */
function call({ eventId, correlationId }: Cause, purchaseId: string, ...what: (string | number)[]): CallContext {
  return {
    commandId: derivedUuid(fulfilment.name, purchaseId, ...what),
    correlationId,
    causationId: eventId,
    actor: { kind: 'system', id: fulfilment.name },
  };
}
