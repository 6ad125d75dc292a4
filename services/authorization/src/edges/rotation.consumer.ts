import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { AuthorizationEvent } from '@souk/contracts';
import { causedBy } from '@souk/messaging';
import { SecretExpiry } from '../application/secret-expiry';

/** What authorization makes of its own facts. */
@Controller()
export class RotationConsumer {
  constructor(private readonly expiry: SecretExpiry) {}

  @EventPattern('authorization.app-secret-rotated.v1', { group: 'authorization' })
  async appSecretRotated(@Payload() event: AuthorizationEvent): Promise<void> {
    await this.expiry.follow(event.data, event.soukmetadata.tenants, causedBy(event, 'authorization'));
  }
}
