import { randomUUID } from 'node:crypto';
import { type ClusterEvent } from '../objects/cluster-objects';
import { type KubeObject, millis, timestamp } from '../objects/kube-object';
import { apiVersionOf, EVENTS, NAMESPACES } from '../objects/resources';
import { type Registry } from '../registry/registry';

/** Writes core/v1 Events; the same thing said again about the same object counts up. */
export class EventRecorder {
  /** Event names by what they say, oldest first. */
  private readonly known = new Map<string, { namespace: string; name: string }>();
  private sequence = 0;

  constructor(
    private readonly registry: Registry,
    private readonly limits: { readonly maxEvents: number; readonly eventTtlMs: number },
  ) {
    const events: ClusterEvent[] = [...registry.store.list(EVENTS)];
    events.sort((a, b) => millis(a.lastTimestamp) - millis(b.lastTimestamp));
    for (const event of events) this.known.set(sayingOf(event), locationOf(event));
    registry.store.onChange(({ resource, type, object }) => {
      if (resource !== EVENTS) return;
      const event = object as ClusterEvent;
      if (type === 'DELETED') this.known.delete(sayingOf(event));
      else this.known.set(sayingOf(event), locationOf(event));
    });
  }

  record(about: KubeObject, component: string, type: 'Normal' | 'Warning', reason: string, message: string, host?: string): void {
    const { store } = this.registry;
    const now = this.registry.now();
    const at = timestamp(now);
    const { metadata } = about;
    const namespace = metadata.namespace ?? 'default';
    const text = saying(metadata.uid, reason, message);
    const said = this.known.get(text);
    const earlier = said && store.get(EVENTS, said.namespace, said.name);
    if (earlier) {
      this.known.delete(text);
      store.put(EVENTS, { ...earlier, count: earlier.count + 1, lastTimestamp: at });
    } else if (this.takesEvents(namespace)) {
      const name = `${metadata.name}.${now.toString(16)}${(this.sequence++ % 65536).toString(16).padStart(4, '0')}`;
      store.put(EVENTS, {
        apiVersion: apiVersionOf(EVENTS),
        kind: EVENTS.kind,
        metadata: { name, namespace, uid: randomUUID(), resourceVersion: '', creationTimestamp: at },
        involvedObject: {
          apiVersion: about.apiVersion,
          kind: about.kind,
          ...(metadata.namespace ? { namespace } : {}),
          name: metadata.name,
          uid: metadata.uid,
          resourceVersion: metadata.resourceVersion,
        },
        reason,
        message,
        type,
        source: { component, ...(host ? { host } : {}) },
        reportingComponent: component,
        reportingInstance: host ?? '',
        count: 1,
        firstTimestamp: at,
        lastTimestamp: at,
      });
    }
    this.prune(now);
  }

  /** A namespace that is gone or going takes no events any more; a real recorder loses them too. */
  private takesEvents(namespace: string): boolean {
    const home = this.registry.store.get(NAMESPACES, undefined, namespace);
    return home !== undefined && !home.metadata.deletionTimestamp;
  }

  private prune(now: number): void {
    for (const [text, { namespace, name }] of this.known) {
      const event = this.registry.store.get(EVENTS, namespace, name);
      const tooMany = this.known.size > this.limits.maxEvents;
      if (event && !tooMany && millis(event.lastTimestamp) > now - this.limits.eventTtlMs) return;
      if (event) this.registry.store.remove(EVENTS, event);
      this.known.delete(text);
    }
  }
}

const saying = (about: string, reason: string, message: string): string => `${about}\n${reason}\n${message}`;

const sayingOf = ({ involvedObject, reason, message }: ClusterEvent): string =>
  saying((involvedObject as ClusterEvent['involvedObject'] | undefined)?.uid ?? '', reason, message);

const locationOf = ({ metadata }: KubeObject): { namespace: string; name: string } => ({
  namespace: metadata.namespace ?? '',
  name: metadata.name,
});
