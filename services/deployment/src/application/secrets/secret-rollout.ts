import { Injectable } from '@nestjs/common';
import { AuthorizationQueries, type CallContext, derivedId, ReleaseQueries } from '@souk/contracts';
import { derivedUuid, EventStore } from '@souk/event-sourcing';
import { InstanceSuspended, OperationRunning } from '../../domain/instances/instance.errors';
import type { OperationConcluded } from '../../domain/instances/instance.events';
import { Instances } from '../instances/instances';
import { OperationJournal } from '../operations/operation-journal';

/**
 * Brings a rotated AppSecret to its instance (F34): its own nodes are restarted with it, once for each version of the secret. While another
 * operation is under way nothing is asked for: when it has ended well, or was rolled back, and had bound an older secret, the restart follows it. An instance that
 * is degraded is left alone, what to do next is its owner's decision, and every operation brings the secret along, but for a correction: that
 * leaves alone what only is to be rendered otherwise. One that is suspended gets it when that is over.
 */
@Injectable()
export class SecretRollout {
  constructor(
    private readonly journal: OperationJournal,
    private readonly instances: Instances,
    private readonly authorization: AuthorizationQueries,
    private readonly releases: ReleaseQueries,
    private readonly store: EventStore,
  ) {}

  /** Does nothing where nothing is to be done, or not now. Safe to call at any time. */
  async follow(instanceId: string, cause: CallContext): Promise<void> {
    const version = (await this.authorization.credentialOf(instanceId))?.secretVersion ?? 1;
    if (version === 1) return;
    const { state: instance } = await this.journal.instance(instanceId);
    if (instance.status !== 'running') return;
    // It is told late, perhaps: a newer operation may have brought the secret since.
    if ((await this.broughtLast(instanceId)) === version) return;
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
      // Another operation was faster; its end is told of as well, and so is that of a suspension.
      if (!(error instanceof OperationRunning || error instanceof InstanceSuspended)) throw error;
    });
  }

  /** By the last operation that was to bring everything up to what is wanted now. */
  private async broughtLast(instanceId: string): Promise<number | undefined> {
    for await (const { type, data } of this.store.readStream(`instance-${instanceId}`, { direction: 'backwards' })) {
      if (type !== 'OperationConcluded') continue;
      const { kind, outcome, operationId } = data as OperationConcluded['data'];
      if (kind === 'correct' || outcome === 'pre-empted') continue;
      return (await this.journal.operation(operationId))?.operation.credential?.secretVersion;
    }
    return undefined;
  }
}
