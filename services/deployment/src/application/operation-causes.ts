import { Injectable } from '@nestjs/common';
import type { CallContext } from '@souk/contracts';
import { derivedUuid, EventStore } from '@souk/event-sourcing';

/** Name of the reconciler in the history. */
export const RECONCILER = 'reconciler';

/** Whatever the reconciler does follows from the event that asked for the operation; every command id follows from the operation. */
@Injectable()
export class OperationCauses {
  private readonly known = new Map<string, Pick<CallContext, 'correlationId' | 'causationId'>>();

  constructor(private readonly store: EventStore) {}

  async context(instanceId: string, operationId: string, ...command: readonly (string | number)[]): Promise<CallContext> {
    const cause = this.known.get(operationId) ?? (await this.find(instanceId, operationId));
    this.known.set(operationId, cause);
    const actor = { kind: 'system', id: RECONCILER } as const;
    return { ...cause, commandId: derivedUuid('operation', operationId, ...command), actor };
  }

  forget(operationId: string): void {
    this.known.delete(operationId);
  }

  private async find(instanceId: string, operationId: string): Promise<Pick<CallContext, 'correlationId' | 'causationId'>> {
    for await (const event of this.store.readStream(`instance-${instanceId}`, { direction: 'backwards' })) {
      if (event.type === 'OperationConcluded' || (event.data as { operationId?: string }).operationId !== operationId) continue;
      return { correlationId: event.metadata.correlationId, causationId: event.id };
    }
    return { correlationId: operationId, causationId: operationId };
  }
}
