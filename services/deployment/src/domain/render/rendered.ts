import { digestOf } from '@souk/topology';
import { annotations, type ClusterObject, labels, MANAGER } from '../cluster-object';

/** A value that only the one who applies it may know. */
export type SealedValue =
  /** Text with `${secret.name}` where values of the instance's secrets belong, and `${node.rds.uri}` for credentials in these versions. */
  { readonly template: string; readonly bindings?: Readonly<Record<string, number>> } | { readonly appSecretVersion: number };

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
  readonly replicas: number;
  readonly requests: { readonly cpu: string; readonly memory: string };
}

/** Who an object belongs to. */
export interface Owner {
  readonly instanceId: string;
  readonly appId: string;
  readonly namespace: string;
}

export function labelsOf(owner: Owner, node?: { readonly name: string; readonly component: string }): Record<string, string> {
  return {
    [labels.managedBy]: MANAGER,
    [labels.partOf]: owner.appId,
    [labels.appInstance]: owner.instanceId,
    [labels.instance]: owner.instanceId,
    ...(node && { [labels.name]: node.name, [labels.component]: node.component, [labels.node]: node.name }),
  };
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
