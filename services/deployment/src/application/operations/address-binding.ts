import { Injectable } from '@nestjs/common';
import type { SnapshotConfiguration } from '@souk/contracts';
import { AddressPoolExhausted } from '../../domain/clusters/address-pool.errors';
import type { KnownInstance } from '../../domain/instances/instance';
import { addressedNodes } from '../../domain/clusters/obstacles';
import { consequenceOf } from '../../domain/operations/operation';
import { AddressPools } from '../clusters/address-pools';
import { OperationCauses } from '../operation-causes';
import { type Entry, OperationJournal } from './operation-journal';

interface Configured {
  readonly configuration: SnapshotConfiguration;
}

/** An operation, and what it leads from and to. */
interface Job {
  readonly instance: KnownInstance;
  readonly wanted: Configured;
  readonly before?: Configured;
}

/** The service addresses of an instance: there before anything is made, kept over versions, free when their nodes are gone for good. */
@Injectable()
export class AddressBinding {
  constructor(
    private readonly pools: AddressPools,
    private readonly journal: OperationJournal,
    private readonly causes: OperationCauses,
  ) {}

  /** Others may have taken the last ones since the operation was asked for: then it fails, and nothing was made. */
  async take({ instance, wanted }: Job, entry: Entry): Promise<Entry> {
    const { operationId, kind } = entry.operation.started;
    const nodes = addressedNodes(wanted.configuration.topology);
    if (kind === 'delete' || nodes.length === 0 || entry.operation.rollback) return entry;
    const own = await this.pools.of(instance);
    if (nodes.every((node) => own.has(node))) return entry;
    try {
      await this.pools.take(instance, nodes, await this.causes.context(instance.instanceId, operationId, 'take-addresses'));
      return entry;
    } catch (error) {
      if (!(error instanceof AddressPoolExhausted)) throw error;
      const failure = { code: error.code, reason: error.message } as const;
      return this.journal.record(entry, consequenceOf(entry.operation, failure));
    }
  }

  /** At the end of an operation: what runs keeps its addresses. Where it is not known what runs, all of them are kept. */
  async settle({ instance, wanted, before }: Job, { operation }: Entry, stillOurs: () => Promise<unknown>): Promise<void> {
    const { operationId, kind } = operation.started;
    const running = operation.status === 'rolled-back' ? before : wanted;
    const keeps = kind === 'delete' || !running ? [] : addressedNodes(running.configuration.topology);
    if (operation.status !== 'succeeded' && operation.status !== 'rolled-back') return;
    const own = await this.pools.of(instance);
    if ([...own.keys()].every((node) => keeps.includes(node))) return;
    const call = await this.causes.context(instance.instanceId, operationId, 'release-addresses');
    await this.pools.keepOnly(keeps, instance, call, stillOurs);
  }
}
