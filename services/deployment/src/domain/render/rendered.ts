import { digestOf } from '@souk/topology';
import { annotations, type ClusterObject, labels, MANAGER, namespaceOf } from '../cluster-object';

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

/** Who an object belongs to: an instance. */
export interface Owner {
  readonly instanceId: string;
  readonly appId: string;
  readonly namespace: string;
  /** Of all its objects, which share this one record. No version among them: it would touch every node with every upgrade. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Who an object belongs to: one node of an instance. */
export interface NodeOwner extends Owner {
  /** What tells the pods of the node from all others. */
  readonly selector: Readonly<Record<string, string>>;
}

export function ownerOf(instanceId: string, appId: string): Owner {
  return {
    instanceId,
    appId,
    namespace: namespaceOf(instanceId),
    labels: {
      [labels.managedBy]: MANAGER,
      [labels.partOf]: appId,
      [labels.appInstance]: instanceId,
      [labels.instance]: instanceId,
    },
  };
}

export function ownerOfNode(
  { instanceId, appId, namespace }: Owner,
  { serviceName, category }: { readonly serviceName: string; readonly category: string },
): NodeOwner {
  return {
    instanceId,
    appId,
    namespace,
    labels: {
      [labels.managedBy]: MANAGER,
      [labels.partOf]: appId,
      [labels.appInstance]: instanceId,
      [labels.instance]: instanceId,
      [labels.name]: serviceName,
      [labels.component]: category,
      [labels.node]: serviceName,
    },
    selector: { [labels.instance]: instanceId, [labels.node]: serviceName },
  };
}

/** What an object begins with. */
export interface Head {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Versions of the secrets whose values an object will hold: a new version is a new hash, the same version never is. */
export interface Secrets {
  readonly sealed: Readonly<Record<string, SealedValue>>;
  readonly versions: Readonly<Record<string, number>>;
}

/** An object in the namespace of its instance, complete with its hash. */
export function rendered(owner: Owner, head: Head, body: object, secrets?: Secrets): RenderedObject {
  const { namespace, labels: all } = owner;
  return completed(head, { name: head.name, namespace, labels: all }, body, secrets);
}

/** The namespace itself, which has more labels than what is in it. */
export function renderedNamespace(
  { namespace: name, labels: common }: Owner,
  head: Omit<Head, 'name'>,
  more: Readonly<Record<string, string>>,
): RenderedObject {
  return completed(head, { name, labels: { ...common, ...more } }, {});
}

type Metadata = Pick<ClusterObject['metadata'], 'name' | 'namespace' | 'labels'>;

/** The hash becomes a part of what it was taken of, as the last one of its annotations. */
function completed(
  { apiVersion, kind, annotations: given }: Omit<Head, 'name'>,
  about: Metadata,
  body: object,
  secrets?: Secrets,
): RenderedObject {
  const metadata: Metadata & { annotations?: Readonly<Record<string, string>> } = about;
  if (given) metadata.annotations = given;
  const object: ClusterObject = { apiVersion, kind, metadata, ...body };
  const hash = digestOf(secrets ? { object, sealed: secrets.sealed, versions: secrets.versions } : { object });
  metadata.annotations = given ? { ...given, [annotations.specHash]: hash } : { [annotations.specHash]: hash };
  return secrets ? { object, hash, sealed: secrets.sealed } : { object, hash };
}

/** The object as this operation applies it. The mark is no part of the hash: it says who touched the object last. */
export function markedBy(operationId: string, { object }: RenderedObject): ClusterObject {
  const metadata = { ...object.metadata, annotations: { ...object.metadata.annotations, [annotations.operation]: operationId } };
  return { ...object, metadata };
}
