import { DomainError } from '@souk/event-sourcing';

export class LeaseLost extends DomainError {
  readonly code = 'lease-lost';
  constructor(lease: string, holder: string) {
    super(`"${holder}" does not hold the lease "${lease}"`);
  }
}
