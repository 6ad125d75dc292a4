import { Injectable } from '@nestjs/common';
import type { CallContext } from '@souk/contracts';
import { derivedUuid, EventStore } from '@souk/event-sourcing';
import type { Traceparent } from '@souk/tracing';
import { LRUCache } from 'lru-cache';

/** Name of the reconciler in the history. */
export const RECONCILER = 'reconciler';

interface Cause extends Pick<CallContext, 'correlationId' | 'causationId'> {
  readonly traceparent?: Traceparent | undefined;
}

/** Causes that are kept. */
const MOST = 10_000;

/** Whatever the reconciler does follows from the event that asked for the operation; every command id follows from the operation. */
@Injectable()
export class OperationCauses {
  /** Of operations that are spoken of at the moment; any other one is read again. */
  private readonly known = new LRUCache<string, Cause>({ max: MOST });

  constructor(private readonly store: EventStore) {}

  async context(instanceId: string, operationId: string, ...command: readonly (string | number)[]): Promise<CallContext> {
    const { correlationId, causationId } = await this.causeOf(instanceId, operationId);
    const actor = { kind: 'system', id: RECONCILER } as const;
    return { correlationId, causationId, commandId: derivedUuid('operation', operationId, ...command), actor };
  }

  /** Of the trace in which the operation was asked for, if it was recorded. */
  async traceparent(instanceId: string, operationId: string): Promise<Traceparent | undefined> {
    return (await this.causeOf(instanceId, operationId)).traceparent;
  }

  forget(operationId: string): void {
    this.known.delete(operationId);
  }

  private async causeOf(instanceId: string, operationId: string): Promise<Cause> {
    const cause = this.known.get(operationId) ?? (await this.find(instanceId, operationId));
    this.known.set(operationId, cause);
    return cause;
  }

  private async find(instanceId: string, operationId: string): Promise<Cause> {
    for await (const event of this.store.readStream(`instance-${instanceId}`, { direction: 'backwards' })) {
      if (event.type === 'OperationConcluded' || (event.data as { operationId?: string }).operationId !== operationId) continue;
      const { correlationId, traceparent } = event.metadata;
      return { correlationId, causationId: event.id, traceparent };
    }
    return { correlationId: operationId, causationId: operationId };
  }
}
