import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { AuthorizationEvent } from '@souk/contracts';
import { DeadlineHandlers, type DeadlineContext, Deadlines } from '@souk/coordination';
import { derivedUuid } from '@souk/event-sourcing';
import { Credentials } from './credentials';

const SERVICE = 'authorization';
const COMMAND = 'expire-previous-app-secret';

interface Expiry {
  readonly instanceId: string;
  readonly secretVersion: number;
}

/**
 * Records that the grace of a rotated AppSecret is over (F34). Decisions look at the time themselves and do not wait for it; from then on the
 * old secret is refused whatever the clock says.
 */
@Injectable()
export class SecretExpiry implements OnModuleInit {
  constructor(
    private readonly deadlines: Deadlines,
    private readonly handlers: DeadlineHandlers,
    private readonly credentials: Credentials,
  ) {}

  onModuleInit(): void {
    this.handlers.on(SERVICE, COMMAND, (data, context) => {
      const { instanceId, secretVersion } = data as Expiry;
      return this.credentials.expirePreviousSecret(instanceId, secretVersion, context);
    });
  }

  /** From the fact that carries the time: however often it is told of it, there is one deadline. */
  async follow(
    { instanceId, secretVersion, previousValidUntil }: Rotation,
    tenants: readonly string[],
    context: DeadlineContext,
  ) {
    const previous: Expiry = { instanceId, secretVersion: secretVersion - 1 };
    // The secret before that one was gone with the rotation.
    await this.deadlines.cancel(deadlineIdOf({ instanceId, secretVersion: secretVersion - 2 }), context);
    await this.deadlines.set(
      {
        deadlineId: deadlineIdOf(previous),
        dueAt: new Date(previousValidUntil),
        service: SERVICE,
        command: { type: COMMAND, data: previous },
        about: instanceId,
        tenants,
      },
      context,
    );
  }
}

type Rotation = AuthorizationEvent['data'];

function deadlineIdOf({ instanceId, secretVersion }: Expiry): string {
  return derivedUuid(SERVICE, COMMAND, instanceId, secretVersion);
}
