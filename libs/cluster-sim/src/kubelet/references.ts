import { type PersistentVolumeClaim } from '../objects/cluster-objects';
import { CONFIG_MAPS, PERSISTENT_VOLUME_CLAIMS, SECRETS, STORAGE_CLASSES } from '../objects/resources';
import { type Container, type Pod } from '../objects/workloads';
import { type ObjectStore } from '../store/object-store';

/** The Secrets, ConfigMaps and claims that a pod names, and whether they are there. */
export class PodReferences {
  constructor(
    private readonly store: ObjectStore,
    private readonly pod: Pod,
  ) {}

  /** Why a container's environment cannot be made, as the kubelet says it. */
  environmentProblem({ env = [], envFrom = [] }: Container): string | undefined {
    for (const { secretRef, configMapRef } of envFrom) {
      if (secretRef && !secretRef.optional && !this.keysOf('secret', secretRef.name)) return missing('secret', secretRef.name);
      if (configMapRef && !configMapRef.optional && !this.keysOf('configmap', configMapRef.name)) {
        return missing('configmap', configMapRef.name);
      }
    }
    for (const { valueFrom } of env) {
      for (const kind of ['secret', 'configmap'] as const) {
        const reference = kind === 'secret' ? valueFrom?.secretKeyRef : valueFrom?.configMapKeyRef;
        if (!reference || reference.optional) continue;
        const keys = this.keysOf(kind, reference.name);
        if (!keys) return missing(kind, reference.name);
        if (!keys.includes(reference.key)) {
          const what = kind === 'secret' ? 'Secret' : 'ConfigMap';
          return `couldn't find key ${reference.key} in ${what} ${this.namespace}/${reference.name}`;
        }
      }
    }
    return undefined;
  }

  /** Why a volume cannot be mounted. */
  mountProblem(): string | undefined {
    for (const { name, secret, configMap } of this.pod.spec.volumes ?? []) {
      const source = secret
        ? { kind: 'secret' as const, name: secret.secretName ?? '' }
        : { kind: 'configmap' as const, name: configMap?.name ?? '' };
      const stated = secret ?? configMap;
      if (!stated || stated.optional) continue;
      const keys = this.keysOf(source.kind, source.name);
      if (!keys) return `MountVolume.SetUp failed for volume "${name}" : ${missing(source.kind, source.name)}`;
      const lacking = (stated.items ?? []).find(({ key }) => !keys.includes(key));
      if (lacking)
        return `MountVolume.SetUp failed for volume "${name}" : references non-existent ${source.kind} key: ${lacking.key}`;
    }
    return undefined;
  }

  /** Why the pod is not even scheduled: a claim of it is not there, goes, or has no volume and waits for none of its pods. */
  claimProblem(): string | undefined {
    for (const name of claimsOf(this.pod)) {
      const claim = this.store.get(PERSISTENT_VOLUME_CLAIMS, this.namespace, name);
      if (!claim) return `persistentvolumeclaim "${name}" not found`;
      if (claim.metadata.deletionTimestamp) return `persistentvolumeclaim "${name}" is being deleted`;
      if (claim.status.phase !== 'Bound' && !this.waitsForConsumer(claim))
        return 'pod has unbound immediate PersistentVolumeClaims';
    }
    return undefined;
  }

  /** Claims that get their volume when it is known where their first pod runs. */
  claimsThatWait(): PersistentVolumeClaim[] {
    return claimsOf(this.pod).flatMap((name) => {
      const claim = this.store.get(PERSISTENT_VOLUME_CLAIMS, this.namespace, name);
      return claim && claim.status.phase !== 'Bound' ? [claim] : [];
    });
  }

  private waitsForConsumer({ spec }: PersistentVolumeClaim): boolean {
    const storageClass = this.store.get(STORAGE_CLASSES, undefined, spec.storageClassName ?? '');
    return storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
  }

  private get namespace(): string {
    return this.pod.metadata.namespace ?? '';
  }

  private keysOf(kind: 'secret' | 'configmap', name: string): string[] | undefined {
    if (kind === 'secret') {
      const secret = this.store.get(SECRETS, this.namespace, name);
      return secret && Object.keys(secret.data ?? {});
    }
    const map = this.store.get(CONFIG_MAPS, this.namespace, name);
    return map && [...Object.keys(map.data ?? {}), ...Object.keys(map.binaryData ?? {})];
  }
}

/** The names of the claims that a pod uses. */
export const claimsOf = ({ spec }: Pod): string[] =>
  (spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) => (persistentVolumeClaim ? [persistentVolumeClaim.claimName] : []));

const missing = (kind: string, name: string): string => `${kind} "${name}" not found`;
