import { DomainError, type Problem } from '@souk/event-sourcing';

/** What was planned can not be done as it was planned. */
export class PlanStale extends DomainError {
  readonly code = 'plan-stale';
  constructor(override readonly problems: readonly Problem[]) {
    super(`the plan does not hold any more: ${problems.map(({ message }) => message).join('; ')}; make another one`);
  }
}
