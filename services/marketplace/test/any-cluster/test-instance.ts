import type { KubernetesObject } from '@souk/kubernetes';
import { namespaceOf } from '../../../deployment/src/domain/cluster-object';
import type { Answer, TestUser } from '../../testing/marketplace.harness';
import type { ClusterByHand } from './cluster-by-hand';
import { ok, PATIENCE, PAUSE } from './where';

/** A record of an operation, as far as stories look at it. */
export interface OperationRecord {
  readonly operationId: string;
  readonly kind: string;
  readonly status: string;
  readonly code?: string;
  readonly failure?: string;
  readonly failedNode?: string;
  readonly differences?: readonly { readonly kind: string; readonly name: string; readonly what: string }[];
  readonly steps: readonly { readonly type: string; readonly node?: string; readonly detail?: string }[];
}

/** One instance: as its owner sees it over HTTP, and as it stands on the cluster. */
export class TestInstance {
  constructor(
    private readonly owner: { readonly buyer: TestUser; readonly hand: ClusterByHand },
    readonly id: string,
    readonly orderId: string,
  ) {}

  get namespace(): string {
    return namespaceOf(this.id);
  }

  until(holds: (instance: Answer['body']) => boolean): Promise<Answer['body']> {
    return this.owner.buyer.until(`/v1/instances/${this.id}`, holds, PATIENCE, PAUSE);
  }

  reaches(status: string): Promise<Answer['body']> {
    return this.until((instance) => instance.status === status && instance.operation === undefined);
  }

  /** Once nothing is done to it any more. */
  atRest(): Promise<Answer['body']> {
    return this.until(({ operation }) => operation === undefined);
  }

  ask(verb: string, body: object = {}): Promise<Answer> {
    return this.owner.buyer.post(`/v1/instances/${this.id}/${verb}`, body);
  }

  /** Asked for, done, and known to the instance. */
  async operate(verb: string, body: object = {}): Promise<OperationRecord> {
    return this.ended(ok(await this.ask(verb, body)).operationId as string);
  }

  async ended(operationId: string): Promise<OperationRecord> {
    const path = `/v1/operations/${operationId}`;
    const record = await this.owner.buyer.until(path, ({ endedAt }) => endedAt !== undefined, PATIENCE, PAUSE);
    await this.atRest();
    return record as OperationRecord;
  }

  /** The record of its newest operation of that kind that has ended, other than those that are known. */
  async newest(kind: string, ...known: readonly string[]): Promise<OperationRecord> {
    const isIt = (record: Answer['body']): boolean =>
      record.kind === kind && record.endedAt !== undefined && !known.includes(record.operationId as string);
    const path = `/v1/instances/${this.id}/operations`;
    const { items } = await this.owner.buyer.until(path, (body) => (body.items as object[]).some(isIt), PATIENCE, PAUSE);
    return this.ended((items as OperationRecord[]).find(isIt)!.operationId);
  }

  /** Fulfilled when the operation's record has such a step. */
  step(operationId: string, type: string, node?: string): Promise<Answer['body']> {
    const isIt = (step: { type: string; node?: string }): boolean =>
      step.type === type && (node === undefined || step.node === node);
    return this.owner.buyer.until(
      `/v1/operations/${operationId}`,
      ({ steps }) => (steps as { type: string }[]).some(isIt),
      PATIENCE,
    );
  }

  object(kind: string, name: string): Promise<KubernetesObject> {
    return this.owner.hand.get({ kind, namespace: this.namespace, name });
  }

  edit(kind: string, name: string, patch: object): Promise<KubernetesObject> {
    return this.owner.hand.edit({ kind, namespace: this.namespace, name }, patch);
  }

  takeAway(kind: string, name: string): Promise<void> {
    return this.owner.hand.delete({ kind, namespace: this.namespace, name });
  }

  async replicas(node: string): Promise<number> {
    return ((await this.object('Deployment', node))['spec'] as { replicas: number }).replicas;
  }
}

/** Which nodes have a step of that type, in its order. */
export const nodesWith = ({ steps }: OperationRecord, type: RegExp): (string | undefined)[] =>
  steps.filter((step) => type.test(step.type)).map(({ node }) => node);
