import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { AuthorizationEvent, DeploymentEvent } from '@souk/contracts';
import { causedBy } from '@souk/messaging';
import { SecretRollout } from '../../application/secrets/secret-rollout';

type Ended<Type extends DeploymentEvent['type']> = Extract<DeploymentEvent, { type: Type }>;

/** When an instance may be without its newest AppSecret. */
@Controller()
export class SecretRotationConsumer {
  constructor(private readonly rollout: SecretRollout) {}

  @EventPattern('authorization.app-secret-rotated.v1', { group: 'deployment' })
  async appSecretRotated(@Payload() event: AuthorizationEvent): Promise<void> {
    await this.rollout.follow(event.data.instanceId, causedBy(event, 'deployment'));
  }

  /** The operation may have begun before the rotation. */
  @EventPattern('deployment.instance-running.v1', { group: 'deployment' })
  async instanceRunning(@Payload() event: Ended<'deployment.instance-running.v1'>): Promise<void> {
    await this.rollout.follow(event.data.instanceId, causedBy(event, 'deployment'));
  }

  @EventPattern('deployment.instance-rolled-back.v1', { group: 'deployment' })
  async instanceRolledBack(@Payload() event: Ended<'deployment.instance-rolled-back.v1'>): Promise<void> {
    await this.rollout.follow(event.data.instanceId, causedBy(event, 'deployment'));
  }
}
