import { DomainError } from '@souk/event-sourcing';

/** A webhook that does not prove to come from its billing source. An unknown source looks the same. */
export class WebhookNotAuthentic extends DomainError {
  readonly code = 'webhook-not-authentic';
  constructor() {
    super(
      'the request is not signed by this billing source: send webhook-id, webhook-timestamp (seconds, at most 5 minutes off) and ' +
        'webhook-signature as of https://www.standardwebhooks.com, over the exact bytes of the body',
    );
  }
}
