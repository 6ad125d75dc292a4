import { DomainError } from '@souk/event-sourcing';

/** Two billing systems under one URI could write each other's orders. */
export class BillingSourceTaken extends DomainError {
  readonly code = 'billing-source-taken';
  constructor(source: string) {
    super(`a billing source is already registered as "${source}"`);
  }
}
