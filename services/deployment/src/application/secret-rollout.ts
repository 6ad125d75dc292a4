import { Injectable } from '@nestjs/common';
import { AuthorizationQueries, type CallContext, derivedId, ReleaseQueries } from '@souk/contracts';
import { derivedUuid } from '@souk/event-sourcing';
import { InjectReadModel } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { OperationRunning } from '../domain/instance.errors';
import { type InstanceDoc, instancesProjection } from '../projections/instances.projection';
import { Instances } from './instances';
import { OperationJournal } from './operation-journal';

/**
 * Brings a rotated AppSecret to its instance (F34): its own nodes are restarted with it, once for each version of the secret. While another
 * operation is under way nothing is asked for: when it has ended well, or was rolled back, and had bound an older secret, the restart follows it. An instance that
 * is degraded is left alone, what to do next is its owner's decision, and every operation brings the secret along.
 */
@Injectable()
export class SecretRollout {
  constructor(
    private readonly journal: OperationJournal,
    private readonly instances: Instances,
    private readonly authorization: AuthorizationQueries,
    private readonly releases: ReleaseQueries,
    @InjectReadModel(instancesProjection) private readonly documents: ReadModel<InstanceDoc>,
  ) {}

  /** @param endedOperation the operation that has just ended; without it, the last one */
  async follow(instanceId: string, cause: CallContext, endedOperation?: string): Promise<void> {
    const version = (await this.authorization.credentialOf(instanceId))?.secretVersion ?? 1;
    if (version === 1) return;
    const instance = await this.journal.instance(instanceId);
    if (instance.status !== 'running') return;
    // It is told late, perhaps: a newer operation may have brought the secret since.
    for (const operationId of [endedOperation, (await this.documents.get(instanceId))?.lastOperationId])
      if (operationId !== undefined && (await this.boundBy(operationId)) === version) return;
    const snapshot = await this.releases.snapshot(instance.wanted.snapshot);
    const configuration = snapshot?.configurations.find(({ name }) => name === instance.configuration);
    const own = (configuration?.topology.nodes ?? []).filter(({ category }) => category === 'custom');
    const nodes = own.map(({ serviceName }) => serviceName);
    const operationId = derivedId('operation', instanceId, 'app-secret', String(version));
    const context = {
      ...cause,
      commandId: derivedUuid('app-secret', instanceId, version),
      reason: `version ${version} of the AppSecret`,
    };
    await this.instances.restart({ instanceId, operationId, nodes }, instance.ownerTenant, context).catch((error: unknown) => {
      // Another operation was faster; its end is told of as well.
      if (!(error instanceof OperationRunning)) throw error;
    });
  }

  private async boundBy(operationId: string): Promise<number | undefined> {
    return (await this.journal.operation(operationId))?.operation.credential?.secretVersion;
  }
}
