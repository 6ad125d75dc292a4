import { assertNever, type RecordedEvent } from '@souk/event-sourcing';
import type { Publication } from '@souk/messaging';
import type { InstanceDeleted, OperationConcluded } from '../../domain/instances/instance.events';

export const publication: Publication = {
  service: 'deployment',
  on: {
    OperationConcluded: ({ data }: RecordedEvent<OperationConcluded>) => told(data),
    InstanceDeleted: ({ data }: RecordedEvent<InstanceDeleted>) => ({ type: 'deployment.instance-deleted.v1', data }),
  },
};

/** A pre-empted operation is no news: the delete that cut it short is. */
function told(data: OperationConcluded['data']) {
  const { instanceId, operationId, ownerTenant, providerTenant, versionId, kind, outcome, reason = '', code = 'unknown' } = data;
  const parties = { ownerTenant, providerTenant };
  switch (outcome) {
    case 'failed':
      return { type: 'deployment.instance-operation-failed.v1', data: { instanceId, operationId, kind, reason, code } };
    case 'rolled-back':
      return {
        type: 'deployment.instance-rolled-back.v1',
        data: { instanceId, operationId, ...parties, versionId, kind, code, reason },
      };
    case 'pre-empted':
      return undefined;
    case 'succeeded':
      return kind === 'delete' || kind === 'stop'
        ? undefined
        : { type: 'deployment.instance-running.v1', data: { instanceId, operationId, ...parties, versionId } };
    default:
      return assertNever(outcome);
  }
}
