import {
  AccessDenied,
  Conflict,
  type KubernetesCluster,
  type KubernetesError,
  NotFound,
  Refused,
  Unprocessable,
  Unreachable,
} from '@souk/kubernetes';
import type { Activity } from '@souk/event-sourcing';
import type { SecretDeclaration } from '@souk/topology';
import { type HostCapacity, hostsOf, type Requested, requestedBy } from '../../domain/clusters/capacity';
import { type ClusterObject, isTerminating, keyOf, labels, managedSelector, namespaceOf } from '../../domain/cluster-object';
import type { KnownInstance } from '../../domain/instances/instance';
import type { Action } from '../../domain/operations/plan';
import { asClaimed } from '../../domain/render/storage';
import { type ClusterView, watched } from './cluster-view';
import { ProviderSecretMissing, type SealedValues } from '../secrets/sealed-values';

/** Something is not taken as it is said, or can't be said; trying it again would not help. */
export interface Refusal {
  readonly node?: string;
  readonly reason: string;
  readonly error: KubernetesError | ProviderSecretMissing;
}

/** Another replica works on this cluster now, or a later turn on this instance. */
export class NotOurs extends Error {
  constructor() {
    super('another replica works on this cluster, or something else was asked for');
    this.name = new.target.name;
  }
}

type Apply = Extract<Action, { type: 'apply' }>;
type Delete = Extract<Action, { type: 'delete' }>;

/** How long a turn waits for the first look at a cluster. */
const FIRST_LOOK_MS = 3_000;
/** How long a look at the hosts is good for. */
const HOSTS_GOOD_FOR_MS = 2_000;

/**
 * One cluster as instances are worked on: what it shows, and the calls that change it. A cluster can't check who holds the lease. So it is
 * looked at once more right before each call is sent; an object that was seen is changed or deleted only as long as it is what was seen; and
 * what is only to be made is made alike by everybody.
 */
export class ClusterWorkplace {
  private hostsSeen: { readonly at: number; readonly hosts: Promise<HostCapacity[]> } | undefined;

  constructor(
    private readonly cluster: KubernetesCluster,
    private readonly view: ClusterView,
    private readonly sealedValues: SealedValues,
    private readonly activity: Activity,
  ) {}

  /** @throws NotOurs */
  assertOurs = (): void => {
    if (!this.activity.held()) throw new NotOurs();
  };

  /**
   * Fulfilled when what is seen is what there is.
   * @throws KubernetesError as long as the cluster does not answer
   */
  async ready(): Promise<void> {
    this.view.start();
    const synced = await this.view.isSynced(FIRST_LOOK_MS);
    if (this.view.trouble) throw this.view.trouble.error;
    if (!synced) throw new Unreachable('the cluster takes long to answer');
  }

  /** Asks the cluster itself how workloads stand: a watch may have fallen silent, and nothing is given up for what it did not tell. */
  async lookAgain(instanceId: string, kinds: readonly string[] = ['Deployment', 'StatefulSet', 'Job', 'Pod']): Promise<void> {
    const selection = { namespace: namespaceOf(instanceId), labelSelector: managedSelector };
    for (const kind of kinds) {
      const { items } = await this.cluster.list(kind, selection);
      for (const item of items) this.view.put(item);
    }
  }

  objectsOf(instanceId: string): ClusterObject[] {
    return this.view.objectsOf(instanceId);
  }

  async hosts(): Promise<HostCapacity[]> {
    const now = Date.now();
    if (!this.hostsSeen || now - this.hostsSeen.at > HOSTS_GOOD_FOR_MS)
      this.hostsSeen = { at: now, hosts: hostCapacities(this.cluster) };
    try {
      return await this.hostsSeen.hosts;
    } catch (error) {
      this.hostsSeen = undefined;
      throw error;
    }
  }

  /**
   * Carries out what is to be done on the cluster: the namespace, then what lies in it, then workloads; side by side within each step.
   * Answers the first refusal that trying again would not mend.
   * @param seen what the actions were planned on
   * @throws KubernetesError where it might; NotOurs
   */
  async carryOut(
    actions: readonly Action[],
    seen: readonly ClusterObject[],
    instance: KnownInstance,
    secrets: Readonly<Record<string, SecretDeclaration>>,
  ): Promise<Refusal | undefined> {
    const applies = actions.filter((action): action is Apply => action.type === 'apply');
    const deletes = actions.filter((action): action is Delete => action.type === 'delete');
    const known = new Map(seen.map((object) => [keyOf(object), object]));
    const steps = [0, 1, 2].map((step) => applies.filter(({ object }) => stepOf(object) === step));
    for (const step of steps) {
      const results = await Promise.allSettled(
        step.map((action) => this.apply(action, known.get(keyOf(action.object)), instance, secrets)),
      );
      const refusal = firstRefusal(step, results);
      if (refusal) return refusal;
    }
    const results = await Promise.allSettled(deletes.map((action) => this.delete(action)));
    return firstRefusal(deletes, results);
  }

  /**
   * A last look with our own eyes, not through what watches have told, at all kinds that instances consist of. Answers these kinds.
   * @throws Conflict where something is left
   */
  async assertNothingLeft(instanceId: string): Promise<readonly string[]> {
    const labelSelector = `${labels.instance}=${instanceId}`;
    await Promise.all(
      watched.map(async (kind) => {
        const { items } = await this.cluster.list(kind, { labelSelector });
        if (items.length > 0) throw new Conflict(`${kind} "${items[0]!.metadata.name}" of the instance is still there`);
      }),
    );
    return watched;
  }

  /**
   * Of an instance that is deleted for good nothing may be there: what a call that was sent too late has made goes again, whoever holds the
   * lease.
   */
  async removeNamespace(instanceId: string): Promise<void> {
    const name = { kind: 'Namespace', name: namespaceOf(instanceId) };
    try {
      const { uid } = (await this.cluster.get(name)).metadata;
      await this.cluster.delete(name, uid === undefined ? {} : { uid });
    } catch (error) {
      if (!(error instanceof NotFound)) throw error;
    }
  }

  private async apply(
    { object, sealed }: Apply,
    seen: ClusterObject | undefined,
    instance: KnownInstance,
    secrets: Readonly<Record<string, SecretDeclaration>>,
  ): Promise<void> {
    const wanted = asClaimed(object, seen);
    const filled = sealed ? await this.sealedValues.filledIn(wanted, sealed, instance, secrets) : wanted;
    const { uid, resourceVersion } = seen && !isTerminating(seen) ? seen.metadata : {};
    const conditional = {
      ...filled,
      metadata: { ...filled.metadata, ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) },
    };
    try {
      this.view.put(await this.cluster.apply(conditional, this.assertOurs));
    } catch (error) {
      if (!(error instanceof Conflict) || uid === undefined) throw error;
      // Somebody else has changed it, or its status has: the next look tells what is still to be done.
      const { kind, metadata } = object;
      this.view.put(
        await this.cluster.get({
          kind,
          name: metadata.name,
          ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
        }),
      );
    }
  }

  private async delete({ reference: { kind, namespace, name, uid } }: Delete): Promise<void> {
    try {
      await this.cluster.delete({ kind, name, ...(namespace !== undefined && { namespace }) }, { uid }, this.assertOurs);
    } catch (error) {
      if (!(error instanceof NotFound)) throw error;
    }
  }
}

/** Deletes what is left of an instance that is gone, if it still is what was seen. Answers whether it did. */
export async function removeOrphan(
  cluster: KubernetesCluster,
  { kind, metadata: { name, namespace, uid } }: Pick<ClusterObject, 'kind' | 'metadata'>,
): Promise<boolean> {
  try {
    await cluster.delete({ kind, name, ...(namespace !== undefined && { namespace }) }, uid === undefined ? {} : { uid });
    return true;
  } catch (error) {
    if (error instanceof NotFound || error instanceof Conflict) return false;
    throw error;
  }
}

/** Hosts of a cluster, and what is asked of them now. Of its pods a page is held at a time. */
export async function hostCapacities(cluster: KubernetesCluster): Promise<HostCapacity[]> {
  const [nodes, requested] = await Promise.all([cluster.list('Node'), requestedOn(cluster)]);
  return hostsOf(nodes.items, requested);
}

async function requestedOn(cluster: KubernetesCluster): Promise<Requested> {
  let requested: Requested = new Map();
  for await (const { items, isFirst } of cluster.pages('Pod')) requested = requestedBy(items, isFirst ? new Map() : requested);
  return requested;
}

function stepOf({ kind }: ClusterObject): number {
  if (kind === 'Namespace') return 0;
  return kind === 'Deployment' || kind === 'StatefulSet' || kind === 'Job' ? 2 : 1;
}

function firstRefusal(
  actions: readonly (Apply | Delete)[],
  results: readonly PromiseSettledResult<unknown>[],
): Refusal | undefined {
  const failures = results.flatMap((result, i) =>
    result.status === 'rejected' ? [{ error: result.reason as unknown, action: actions[i]! }] : [],
  );
  const final = failures.flatMap(({ error, action }) => (isFinal(error) ? [{ error, action }] : []))[0];
  if (final) {
    const { action, error } = final;
    const what =
      action.type === 'apply'
        ? `${action.object.kind} "${action.object.metadata.name}"`
        : `the deletion of ${action.reference.kind} "${action.reference.name}"`;
    const why = error instanceof ProviderSecretMissing ? `${what} can't be made` : `the cluster refuses ${what}`;
    return {
      error,
      reason: `${why}: ${error.message}`,
      ...(action.node !== undefined && { node: action.node }),
    };
  }
  if (failures.length > 0) throw failures[0]!.error;
  return undefined;
}

const isFinal = (error: unknown): error is Refusal['error'] =>
  error instanceof ProviderSecretMissing ||
  error instanceof Unprocessable ||
  error instanceof Refused ||
  (error instanceof AccessDenied && !error.message.includes('being terminated'));
