import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { DeploymentEvent } from '@souk/contracts';
import { InstanceLogs } from '../../application/logs/instance-logs';

/** Logs go with their instance. */
@Controller()
export class LogRetentionConsumer {
  constructor(private readonly logs: InstanceLogs) {}

  @EventPattern('deployment.instance-deleted.v1', { group: 'deployment' })
  async instanceDeleted(@Payload() event: Extract<DeploymentEvent, { type: 'deployment.instance-deleted.v1' }>): Promise<void> {
    await this.logs.forget(event.data.instanceId);
  }
}
