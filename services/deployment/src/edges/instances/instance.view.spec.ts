import { platformTenant } from '@souk/contracts';
import { fold } from '@souk/event-sourcing';
import { ids } from '../../../test/sample';
import { instance } from '../../domain/instances/instance.decide';
import type { InstanceEvent } from '../../domain/instances/instance.events';
import { stateView } from './instance.view';

const of = { instanceId: ids.instanceId, operationId: ids.operationId };
const events: InstanceEvent[] = [
  {
    type: 'InstanceRequested',
    data: {
      ...{ ...of, name: 'shop', ownerTenant: ids.buyer, providerTenant: ids.provider, appId: 'app_1', clusterId: 'clu_1' },
      ...{ versionId: 'ver_1', versionNumber: '1.0.0', snapshot: 's', configuration: 'standard', released: true },
      ...{ parameters: { colour: 'red' }, secrets: ['password'], origin: { kind: 'trial' } },
    },
  },
  { type: 'ReconciliationSuspended', data: { instanceId: ids.instanceId, reason: 'rack 7 is being rebuilt' } },
];
const seenBy = (tenant: string, role: 'buyer' | 'provider' | 'operator' | 'auditor') =>
  stateView(fold(instance, events), { tenant, role });

describe('The state of an instance, from its events', () => {
  it('says to its owner and to those who look after the platform why it is left alone', () => {
    for (const state of [seenBy(ids.buyer, 'buyer'), seenBy(platformTenant, 'operator'), seenBy(platformTenant, 'auditor')])
      expect(state).toMatchObject({ suspended: { reason: 'rack 7 is being rebuilt' }, corrections: [] });
  });

  it('says to its provider that it is, and nothing of why, of corrections or of what the buyer filled in', () => {
    const state = seenBy(ids.provider, 'provider');
    expect(state).toMatchObject({ suspended: {}, status: 'deploying' });
    expect(JSON.stringify(state)).not.toMatch(/rack|corrections|preempted|colour|password/);
  });

  it('is nothing for anybody else', () => expect(seenBy('ten_other', 'buyer')).toBeUndefined());
});
