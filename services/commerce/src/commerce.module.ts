import { Module } from '@nestjs/common';
import { type ServiceDefinition, ServiceModule } from '@souk/platform';
import { BillingSources } from './application/billing-sources';
import { FulfilmentRunner } from './application/fulfilment.runner';
import { billingSourceAggregate } from './domain/billing-source.decide';
import { purchaseAggregate } from './domain/purchase.decide';
import { BillingSourceController } from './edges/billing-source.controller';
import { CloudEventsBody } from './edges/cloudevents-body';
import { FulfilmentConsumer } from './edges/fulfilment.consumer';
import { publication } from './edges/publication';
import { PurchaseController } from './edges/purchase.controller';
import { WebhookController } from './edges/webhook.controller';
import { billingSourcesProjection } from './projections/billing-sources.projection';
import { purchasesProjection } from './projections/purchases.projection';

export const commerce: ServiceDefinition = {
  service: 'commerce',
  aggregates: [purchaseAggregate, billingSourceAggregate],
  projections: [purchasesProjection, billingSourcesProjection],
  publication,
};

@Module({
  imports: [ServiceModule.register(commerce)],
  controllers: [BillingSourceController, WebhookController, PurchaseController, FulfilmentConsumer],
  providers: [BillingSources, FulfilmentRunner, CloudEventsBody],
})
export class CommerceModule {}
