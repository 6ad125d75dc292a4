import { CONTROLLER_REVISIONS } from '../objects/resources';
import { type ControllerRevision, type PodTemplate, type StatefulSet } from '../objects/workloads';
import { type Registry } from '../registry/registry';
import { ownerReference, templateHash } from './pods-of-owner';

/** The templates that a StatefulSet has had, as ControllerRevisions: what `kubectl rollout history` shows and `undo` goes back to. */
export class RevisionHistory {
  constructor(private readonly registry: Registry) {}

  /** The name of the revision of the template as it is; a template that comes back is the newest one again. */
  current(set: StatefulSet): string {
    const name = `${set.metadata.name}-${templateHash(set.spec.template)}`;
    const all = this.all(set);
    const newest = all.at(-1);
    if (newest?.metadata.name === name) return name;
    const next = (newest?.revision ?? 0) + 1;
    const known = all.find(({ metadata }) => metadata.name === name);
    if (known) {
      this.registry.amend(CONTROLLER_REVISIONS, known, (draft) => {
        draft.revision = next;
      });
    } else this.create(set, name, next);
    return name;
  }

  template(set: StatefulSet, name: string | undefined): PodTemplate | undefined {
    const found = this.all(set).find(({ metadata }) => metadata.name === name);
    if (!found) return undefined;
    const { $patch: _, ...template } = found.data.spec.template;
    return template;
  }

  /** Forgets the oldest ones that no pod has, but for as many as the set keeps. */
  prune(set: StatefulSet, inUse: ReadonlySet<string>): void {
    const unused = this.all(set).filter(({ metadata }) => !inUse.has(metadata.name));
    const surplus = unused.length - (set.spec.revisionHistoryLimit ?? 10);
    for (const revision of unused.slice(0, Math.max(0, surplus))) this.registry.store.remove(CONTROLLER_REVISIONS, revision);
  }

  /** Oldest first. */
  private all(set: StatefulSet): ControllerRevision[] {
    return this.registry.store
      .ownedBy(set.metadata.uid)
      .filter((object): object is ControllerRevision => object.kind === 'ControllerRevision')
      .sort((a, b) => a.revision - b.revision);
  }

  private create(set: StatefulSet, name: string, revision: number): void {
    const { namespace } = set.metadata;
    const labels = { ...set.spec.selector.matchLabels, 'controller.kubernetes.io/hash': name.slice(name.lastIndexOf('-') + 1) };
    this.registry.createOwned(CONTROLLER_REVISIONS, namespace, {
      metadata: { name, labels, ownerReferences: [ownerReference(set)] },
      data: { spec: { template: { ...set.spec.template, $patch: 'replace' } } },
      revision,
    });
  }
}
