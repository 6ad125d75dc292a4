import { type Informer, type Kind, type KubernetesCluster, type KubernetesError, type KubernetesObject } from '@souk/kubernetes';
import { type ClusterObject, instanceOf, managedSelector, namespaceOf } from '../domain/cluster-object';

/** Kinds that an instance consists of. */
const watched = [
  'Namespace',
  'ServiceAccount',
  'Secret',
  'NetworkPolicy',
  'ResourceQuota',
  'Service',
  'Deployment',
  'Job',
  'Pod',
] as const satisfies readonly Kind[];

/** Of these only the metadata is looked at; values of secrets least of all. */
const metadataOnly: ReadonlySet<string> = new Set(['Secret', 'ServiceAccount', 'NetworkPolicy', 'ResourceQuota']);

/** What one cluster shows of all instances: a copy, kept by watches for as long as somebody works there. */
export class ClusterView {
  private informers: ReadonlyMap<string, Informer> = new Map();
  /** Since when the cluster does not answer, and what it was. */
  trouble: { readonly since: number; readonly error: KubernetesError } | undefined;

  constructor(
    private readonly cluster: KubernetesCluster,
    private readonly onChange: (instanceId: string) => void,
    private readonly onTrouble: () => void,
  ) {}

  start(): void {
    if (this.informers.size > 0) return;
    this.informers = new Map(watched.map((kind) => [kind, this.watch(kind)]));
  }

  async stop(): Promise<void> {
    const { informers } = this;
    this.informers = new Map();
    await Promise.all([...informers.values()].map((informer) => informer.stop()));
  }

  /** Fulfilled with `true` when everything was listed once, with `false` after that time. */
  async isSynced(withinMs: number): Promise<boolean> {
    const synced = Promise.all([...this.informers.values()].map((informer) => informer.synced)).then(() => true);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((fulfil) => (timer = setTimeout(fulfil, withinMs, false)));
    try {
      return await Promise.race([synced, late]);
    } finally {
      clearTimeout(timer);
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
    this.trouble = undefined;
    this.informers.get(object.kind)?.put(object);
  }

  private watch(kind: Kind): Informer {
    const informer = this.cluster.informer(
      kind,
      { labelSelector: managedSelector },
      {
        keep: slim,
        onChange: (object) => {
          this.trouble = undefined;
          const instanceId = instanceOf(object);
          if (instanceId !== undefined) this.onChange(instanceId);
        },
        onListed: () => (this.trouble = undefined),
        onTrouble: (error) => {
          this.trouble ??= { since: Date.now(), error };
          this.onTrouble();
        },
      },
    );
    return informer.start();
  }
}

function slim({ apiVersion, kind, metadata, ...rest }: KubernetesObject): KubernetesObject {
  const { managedFields: _, ...kept } = metadata as KubernetesObject['metadata'] & { managedFields?: unknown };
  return metadataOnly.has(kind) ? { apiVersion, kind, metadata: kept } : { apiVersion, kind, metadata: kept, ...rest };
}
