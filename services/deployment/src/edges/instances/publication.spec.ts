import type { RecordedEvent } from '@souk/event-sourcing';
import { ids } from '../../../test/sample';
import type { OperationConcluded } from '../../domain/instances/instance.events';
import { publication } from './publication';

const told = (data: Partial<OperationConcluded['data']>) => {
  const { instanceId, operationId, buyer, provider, versionId } = ids;
  const parties = { ownerTenant: buyer, providerTenant: provider };
  const concluded = { instanceId, operationId, ...parties, versionId, kind: 'upgrade', outcome: 'succeeded', completedInit: [] };
  return publication.on['OperationConcluded']!({ data: { ...concluded, ...data } } as unknown as RecordedEvent<never>);
};

describe('The end of an operation is told to other services', () => {
  it.each([
    ['as running', {}, { type: 'deployment.instance-running.v1' }],
    [
      'as rolled back, with why',
      { outcome: 'rolled-back', code: 'crash-loop', reason: 'it crashes' },
      {
        type: 'deployment.instance-rolled-back.v1',
        data: { versionId: ids.versionId, kind: 'upgrade', code: 'crash-loop', reason: 'it crashes' },
      },
    ],
    [
      'as failed, with why',
      { outcome: 'failed', code: 'refused', reason: 'no' },
      { type: 'deployment.instance-operation-failed.v1', data: { kind: 'upgrade', code: 'refused', reason: 'no' } },
    ],
  ] as const)('%s', (_, data, expected) => {
    expect(told(data)).toMatchObject(expected);
  });

  it('not at all where a delete cut it short, or where it was the delete', () => {
    expect(told({ outcome: 'pre-empted' })).toBeUndefined();
    expect(told({ kind: 'delete' })).toBeUndefined();
  });
});
