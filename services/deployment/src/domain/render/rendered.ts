import { digestOf } from '@souk/topology';
import { annotations, type ClusterObject, labels, MANAGER } from '../cluster-object';

/** A value that only the one who applies it may know. */
export type SealedValue =
  /**
   * Text with `${secret.name}`, `${param.name}` (a secret one) or `${node.rds.uri}` where values from the vault belong; `bindings`: the versions
   * of the credentials, by cloud node.
   */
  | { readonly template: string; readonly bindings?: Readonly<Record<string, number>> }
  | { readonly appSecretVersion: number }
  /** What the instance's log collectors show where they send logs. */
  | { readonly logToken: number }
  /** What the app's provider has stored under that name. */
  | { readonly providerSecret: string };

/** An object as it is to be. Sealed values are data of a Secret, filled in at the last moment: no plan and no log holds one. */
export interface RenderedObject {
  readonly object: ClusterObject;
  readonly hash: string;
  readonly sealed?: Readonly<Record<string, SealedValue>>;
}

/** A node as it is to be. */
export interface RenderedNode {
  readonly name: string;
  readonly category: 'custom' | 'third-party' | 'init';
  readonly image: string;
  /** Nodes that must be ready (init: completed) before this one is touched. */
  readonly dependsOn: readonly string[];
  /** In the order in which they are applied: the workload comes last. */
  readonly objects: readonly RenderedObject[];
  readonly specHash: string;
  /** Pods that are to run: none while the instance is stopped. */
  readonly replicas: number;
  /** Of one pod: its process and its log collector. */
  readonly requests: { readonly cpu: string; readonly memory: string };
}

/** Version of the credentials of a cloud node that has none yet: what reads them waits for them, and is not applied. */
export const NOT_BOUND = 0;

export const waitsForCredentials = ({ objects }: RenderedNode): boolean =>
  objects.some(({ sealed = {} }) =>
    Object.values(sealed).some((value) => 'template' in value && Object.values(value.bindings ?? {}).includes(NOT_BOUND)),
  );

/** Who an object belongs to. */
export interface Owner {
  readonly instanceId: string;
  readonly appId: string;
  readonly namespace: string;
}

/** No version among them: it would touch every node with every upgrade. */
export function labelsOf(owner: Owner, node?: { readonly name: string; readonly component: string }): Record<string, string> {
  return {
    [labels.managedBy]: MANAGER,
    [labels.partOf]: owner.appId,
    [labels.appInstance]: owner.instanceId,
    [labels.instance]: owner.instanceId,
    ...(node && { [labels.name]: node.name, [labels.component]: node.component, [labels.node]: node.name }),
  };
}

/** Kind, name and labels of an object: one of a node's, or one that surrounds all of them. */
export function head(
  owner: Owner,
  { apiVersion, kind, name }: { readonly apiVersion: string; readonly kind: string; readonly name: string },
  node?: { readonly serviceName: string; readonly category: string },
): ClusterObject {
  const component = node && { name: node.serviceName, component: node.category };
  return { apiVersion, kind, metadata: { name, namespace: owner.namespace, labels: labelsOf(owner, component) } };
}

/** What tells the pods of a node from all others. */
export function selectorOf(owner: Owner, node: string): Record<string, string> {
  return { [labels.instance]: owner.instanceId, [labels.node]: node };
}

/**
 * Completes an object by its hash. `versions` are the versions of the secrets whose values it will hold: a new version is a new hash,
 * the same version never is.
 */
export function rendered(
  object: ClusterObject,
  secrets?: { readonly sealed: Readonly<Record<string, SealedValue>>; readonly versions: Readonly<Record<string, number>> },
): RenderedObject {
  const hash = digestOf({ object, ...secrets });
  const metadata = { ...object.metadata, annotations: { ...object.metadata.annotations, [annotations.specHash]: hash } };
  return { object: { ...object, metadata }, hash, ...(secrets && { sealed: secrets.sealed }) };
}

/** The object as this operation applies it. The mark is no part of the hash: it says who touched the object last. */
export function markedBy(operationId: string, { object }: RenderedObject): ClusterObject {
  const metadata = { ...object.metadata, annotations: { ...object.metadata.annotations, [annotations.operation]: operationId } };
  return { ...object, metadata };
}
