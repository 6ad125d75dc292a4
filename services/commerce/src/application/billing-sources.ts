import { Injectable } from '@nestjs/common';
import { type CommandContext, CommandHandler, type CommandOutcome } from '@souk/event-sourcing';
import { SecretVault } from '@souk/secrets';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import type { BillingSource, RegisteredBillingSource } from '../domain/billing-source';
import { billingSourceAggregate } from '../domain/billing-source.decide';
import type { BillingSourceEvent } from '../domain/billing-source.events';
import { WebhookNotAuthentic } from './billing.errors';
import { billingSourceIdOf } from './order-ids';

/** A webhook as it came in. */
export interface SignedWebhook {
  readonly billingSourceId: string;
  /** The exact bytes that were signed. */
  readonly body: Buffer;
  /** `webhook-id`, `webhook-timestamp`, `webhook-signature`; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Registration {
  readonly outcome: CommandOutcome<BillingSource, BillingSourceEvent>;
  readonly billingSourceId: string;
  /** `whsec_…` */
  readonly secret: string;
}

/** Which billing systems there are, and whether a webhook comes from one of them. */
@Injectable()
export class BillingSources {
  constructor(
    private readonly commands: CommandHandler,
    private readonly vault: SecretVault,
  ) {}

  /** @throws BillingSourceTaken */
  async register(input: { name: string; source: string; tenant: string }, context: CommandContext): Promise<Registration> {
    const billingSourceId = billingSourceIdOf(input.source);
    const command = { type: 'register-billing-source', billingSourceId, ...input } as const;
    const outcome = await this.commands.handle(billingSourceAggregate, billingSourceId, command, context);
    return { outcome, billingSourceId, secret: await this.secretOf(outcome.state as RegisteredBillingSource) };
  }

  /** @throws WebhookNotAuthentic alike for an unknown source, a bad signature and an old time stamp */
  async authenticate({ billingSourceId, body, headers }: SignedWebhook): Promise<RegisteredBillingSource> {
    const { state } = await this.commands.load(billingSourceAggregate, billingSourceId);
    if (state.status === 'unregistered') throw new WebhookNotAuthentic();
    try {
      new Webhook(await this.secretOf(state)).verify(body, headers, { jsonParse: false });
    } catch (error) {
      if (error instanceof WebhookVerificationError) throw new WebhookNotAuthentic();
      throw error;
    }
    return state;
  }

  /** Standard Webhooks: 24 to 64 random bytes, base64, prefixed. */
  private async secretOf({ tenant, billingSourceId, secretVersion }: RegisteredBillingSource): Promise<string> {
    const key = await this.vault.derive(tenant, 'billing-webhook', billingSourceId, secretVersion, 32);
    return `whsec_${key.toString('base64')}`;
  }
}
