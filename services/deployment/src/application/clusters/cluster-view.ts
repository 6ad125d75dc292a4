import { type Informer, type Kind, type KubernetesCluster, type KubernetesError, type KubernetesObject } from '@souk/kubernetes';
import { type ClusterObject, instanceOf, managedSelector, MANAGER, namespaceOf } from '../../domain/cluster-object';
import type { OwnedFields } from '../../domain/health/owned-fields';
import { isOutcome } from '../../domain/operations/observe';

/** Kinds that an instance consists of. */
export const watched = [
  'Namespace',
  'ServiceAccount',
  'Secret',
  'NetworkPolicy',
  'ResourceQuota',
  'ConfigMap',
  'PersistentVolumeClaim',
  'Service',
  'Deployment',
  'StatefulSet',
  'Job',
  'Pod',
] as const satisfies readonly Kind[];

/** Of these only the metadata is looked at; values of secrets least of all. */
const metadataOnly: ReadonlySet<string> = new Set(['Secret', 'ServiceAccount', 'NetworkPolicy', 'ResourceQuota', 'ConfigMap']);

/** Pauses of a watch that does not get through, in milliseconds. */
const BACK_OFF = { first: 200, longest: 5_000 };

/** Since when a cluster does not answer, and what it was. */
export interface Trouble {
  readonly since: number;
  readonly error: KubernetesError;
}

/** What one cluster shows of all instances: a copy, kept by watches for as long as somebody works there. */
export class ClusterView {
  private informers: ReadonlyMap<string, Informer> = new Map();
  private current: Trouble | undefined;
  private readonly givingUp = new Set<() => void>();
  private complete = false;
  private stopped = false;
  /** Instances of one app have the same fields: they are kept once. */
  private readonly owned = new OwnedFieldsOnce();

  /**
   * @param onChange something of this instance is different; `isOutcome` where it is what operations wait for
   * @param onTurn the cluster stopped answering, or answers again
   * @param onSynced everything was listed once
   */
  constructor(
    private readonly cluster: KubernetesCluster,
    private readonly onChange: (instanceId: string, isOutcome: boolean) => void,
    private readonly onTurn: () => void,
    private readonly onSynced: () => void = () => undefined,
  ) {}

  /** Everything was listed once: what is seen from here on is a change. */
  get hasSynced(): boolean {
    return this.complete;
  }

  get trouble(): Trouble | undefined {
    return this.current;
  }

  start(): void {
    if (this.informers.size > 0 || this.stopped) return;
    this.informers = new Map(watched.map((kind) => [kind, this.watch(kind)]));
    void Promise.all([...this.informers.values()].map((informer) => informer.synced)).then(() => {
      this.complete = true;
      this.onSynced();
    });
  }

  /** For good: whoever still works with it sees nothing any more. */
  async stop(): Promise<void> {
    const { informers } = this;
    this.informers = new Map();
    this.complete = false;
    this.stopped = true;
    for (const giveUp of this.givingUp) giveUp();
    await Promise.all([...informers.values()].map((informer) => informer.stop()));
  }

  /** Fulfilled when everything was listed once, when there is trouble, or after that time; with `true` in the first case only. */
  async isSynced(withinMs: number): Promise<boolean> {
    if (this.current || this.stopped) return false;
    if (this.complete) return true;
    const synced = Promise.all([...this.informers.values()].map((informer) => informer.synced)).then(() => true);
    let giveUp!: () => void;
    const late = new Promise<boolean>((fulfil) => (giveUp = () => fulfil(false)));
    const timer = setTimeout(giveUp, withinMs);
    this.givingUp.add(giveUp);
    try {
      return await Promise.race([synced, late]);
    } finally {
      clearTimeout(timer);
      this.givingUp.delete(giveUp);
    }
  }

  objectsOf(instanceId: string): ClusterObject[] {
    const name = namespaceOf(instanceId);
    const namespace = this.informers.get('Namespace')?.get('', name);
    const inside = [...this.informers.values()].flatMap((informer) => [...informer.inNamespace(name)]);
    return namespace ? [namespace, ...inside] : inside;
  }

  /** Takes in what a call of ours answered, ahead of the watch. */
  put(object: KubernetesObject): void {
    this.answered();
    this.informers.get(object.kind)?.put(object);
  }

  private watch(kind: Kind): Informer {
    const informer = this.cluster.informer(
      kind,
      { labelSelector: managedSelector },
      {
        keep: (object, before) => slim(object, this.owned, before),
        backOff: BACK_OFF,
        onAnswered: () => this.answered(),
        onTrouble: (error) => this.failed(error),
        onChange: (object) => {
          const instanceId = instanceOf(object);
          if (instanceId !== undefined) this.onChange(instanceId, isOutcome(object));
        },
      },
    );
    return informer.start();
  }

  private answered(): void {
    if (!this.current) return;
    this.current = undefined;
    this.onTurn();
  }

  private failed(error: KubernetesError): void {
    if (this.current) return;
    this.current = { since: Date.now(), error };
    for (const giveUp of this.givingUp) giveUp();
    this.onTurn();
  }
}

/**
 * As much of an object as is looked at: its values, unless it is a secret or the like, and which fields are ours, without anybody else's.
 * @param before what was kept of it until now
 */
export function slim(
  { apiVersion, kind, metadata, ...rest }: KubernetesObject,
  owned: OwnedFieldsOnce,
  before?: ClusterObject,
): ClusterObject {
  const { managedFields, ...kept } = metadata as KubernetesObject['metadata'] & {
    managedFields?: readonly ManagedFieldsEntry[];
  };
  const ours = managedFields && kind !== 'Pod' && { owned: owned.of(managedFields, before?.owned) };
  return metadataOnly.has(kind)
    ? { apiVersion, kind, metadata: kept, ...ours }
    : { apiVersion, kind, metadata: kept, ...rest, ...ours };
}

interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly fieldsV1?: OwnedFields;
}

/** Nobody is named as their owner. */
const NOTHING: OwnedFields = {};

/** The fields that we own, each set of them kept once. */
export class OwnedFieldsOnce {
  private readonly known = new Map<string, OwnedFields>();

  /** @param before which fields of that object they were; mostly they still are, and that is told in a fraction of the time */
  of(entries: readonly ManagedFieldsEntry[], before?: OwnedFields): OwnedFields {
    const ours = entries.find(
      ({ manager, operation, subresource = '' }) => manager === MANAGER && operation === 'Apply' && subresource === '',
    );
    if (!ours?.fieldsV1) return NOTHING;
    if (before && areSame(before, ours.fieldsV1)) return before;
    const text = JSON.stringify(ours.fieldsV1);
    const known = this.known.get(text);
    if (known) return known;
    this.known.set(text, ours.fieldsV1);
    return ours.fieldsV1;
  }
}

function areSame(some: OwnedFields, others: OwnedFields): boolean {
  for (const part in some) {
    const other = others[part];
    if (other === undefined || !areSame(some[part]!, other)) return false;
  }
  for (const part in others) if (some[part] === undefined) return false;
  return true;
}
