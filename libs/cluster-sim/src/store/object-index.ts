import { type KubeObject } from '../objects/kube-object';
import { type Resource } from '../objects/resources';

/** The objects in memory: by resource, namespace and name; by uid; by the uids of their owners. */
export class ObjectIndex {
  private readonly objects = new Map<Resource, Map<string, Map<string, KubeObject>>>();
  private readonly uids = new Map<string, KubeObject>();
  private readonly dependents = new Map<string, Map<string, KubeObject>>();

  get(resource: Resource, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.objects
      .get(resource)
      ?.get(namespace ?? '')
      ?.get(name);
  }

  list(resource: Resource, namespace: string | undefined): KubeObject[] {
    const namespaces = this.objects.get(resource);
    if (!namespaces) return [];
    if (namespace !== undefined) return [...(namespaces.get(namespace)?.values() ?? [])];
    return [...namespaces.values()].flatMap((each) => [...each.values()]);
  }

  byUid(uid: string): KubeObject | undefined {
    return this.uids.get(uid);
  }

  ownedBy(uid: string): readonly KubeObject[] {
    return [...(this.dependents.get(uid)?.values() ?? [])];
  }

  set(resource: Resource, object: KubeObject): void {
    const { namespace = '', name, uid } = object.metadata;
    const byNamespace = entry(this.objects, resource, () => new Map<string, Map<string, KubeObject>>());
    const byName = entry(byNamespace, namespace, () => new Map<string, KubeObject>());
    const previous = byName.get(name);
    if (previous && previous.metadata.ownerReferences !== object.metadata.ownerReferences) this.unlink(previous);
    byName.set(name, object);
    this.uids.set(uid, object);
    for (const owner of object.metadata.ownerReferences ?? []) {
      entry(this.dependents, owner.uid, () => new Map<string, KubeObject>()).set(uid, object);
    }
  }

  delete(resource: Resource, object: KubeObject): void {
    const { namespace = '', name } = object.metadata;
    const byNamespace = this.objects.get(resource);
    const byName = byNamespace?.get(namespace);
    byName?.delete(name);
    if (byName?.size === 0) byNamespace?.delete(namespace);
    this.unlink(object);
  }

  private unlink({ metadata }: KubeObject): void {
    this.uids.delete(metadata.uid);
    for (const owner of metadata.ownerReferences ?? []) {
      const siblings = this.dependents.get(owner.uid);
      siblings?.delete(metadata.uid);
      if (siblings?.size === 0) this.dependents.delete(owner.uid);
    }
  }
}

const entry = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
};
