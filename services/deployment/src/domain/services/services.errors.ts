import { DomainError, type Problem } from '@souk/event-sourcing';

/** Services that the app needs, and that nothing of the account on that cluster provides. */
export class ServicesNotProvided extends DomainError {
  readonly code = 'service-not-provided';
  constructor(override readonly problems: readonly Problem[]) {
    super(problems.map(({ message }) => message).join('; '));
  }
}

/** Others would be left without what this instance provides. */
export class ServiceInUse extends DomainError {
  readonly code = 'service-in-use';
  constructor(
    readonly instanceId: string,
    readonly dependants: readonly string[],
  ) {
    super(
      `instance "${instanceId}" provides services to ${dependants.map((name) => `"${name}"`).join(', ')}: delete those first, or repeat with force=true`,
    );
  }
}
