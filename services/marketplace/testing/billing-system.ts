import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { type Answer, TestUser } from './marketplace.harness';

const SOURCE = 'https://billing.example.com';

/** A billing system that the operator lets send signed events. */
export interface BillingSystem {
  send(type: 'paid' | 'refunded', orderId: string, sequence: number, data: object): Promise<Answer>;
}

/** One more of them. */
export async function billingSystem(operator: TestUser, url: string): Promise<BillingSystem> {
  const { status, body } = await operator.post('/v1/billing-sources', { name: 'Billing', source: SOURCE });
  if (status >= 400) throw new Error(JSON.stringify(body));
  const { billingSourceId, secret } = body as { billingSourceId: string; secret: string };
  return {
    send: (type, orderId, sequence, data) => {
      const event = {
        specversion: '1.0',
        id: `${orderId}-${sequence}`,
        source: SOURCE,
        type: `souk.order.${type}.v1`,
        subject: orderId,
        sequence: String(sequence),
        time: new Date().toISOString(),
        datacontenttype: 'application/json',
        data,
      };
      const text = JSON.stringify(event);
      const id = `msg_${randomUUID()}`;
      const now = new Date();
      const headers = {
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': new Webhook(secret).sign(id, now, text),
      };
      return new TestUser(url, undefined, '').post(`/v1/billing-sources/${billingSourceId}/events`, text, headers);
    },
  };
}
