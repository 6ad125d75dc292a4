import { given } from '@souk/event-sourcing/testing';
import { billingSourceAggregate, type RegisterBillingSource } from './billing-source.decide';
import { BillingSourceTaken } from './billing-source.errors';
import type { BillingSourceRegistered } from './billing-source.events';

const said = { billingSourceId: 'bil_1', name: 'Shop', source: 'https://billing.example', tenant: 'ten_billing' };
const register: RegisterBillingSource = { type: 'register-billing-source', ...said };
const registered: BillingSourceRegistered = { type: 'BillingSourceRegistered', data: { ...said, secretVersion: 1 } };

describe('Billing source', () => {
  it('is registered with its first secret', () => given(billingSourceAggregate).when(register).then(registered));
  it('is not registered twice, for then its secret would be shown again', () =>
    given(billingSourceAggregate, registered).when(register).thenRefused(BillingSourceTaken));
});
