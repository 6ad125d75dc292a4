import { type ClusterEvent } from '../objects/cluster-objects';
import { type KubeObject, millis, timestamp } from '../objects/kube-object';
import { EVENTS } from '../objects/resources';
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
    for (const event of events) this.known.set(saying(event), locationOf(event));
    registry.store.onChange(({ resource, type, object }) => {
      if (resource !== EVENTS) return;
      const event = object as ClusterEvent;
      if (type === 'DELETED') this.known.delete(saying(event));
      else this.known.set(saying(event), locationOf(event));
    });
  }

  record(about: KubeObject, component: string, type: 'Normal' | 'Warning', reason: string, message: string, host?: string): void {
    const { store } = this.registry;
    const now = this.registry.now();
    const at = timestamp(now);
    const { metadata } = about;
    const draft = {
      metadata: { name: '', namespace: metadata.namespace ?? 'default' },
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
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
    };
    const said = this.known.get(saying(draft));
    const earlier = said && store.get(EVENTS, said.namespace, said.name);
    if (earlier) {
      this.known.delete(saying(draft));
      store.put(EVENTS, { ...earlier, count: earlier.count + 1, lastTimestamp: at });
    } else {
      draft.metadata.name = `${metadata.name}.${now.toString(16)}${(this.sequence++ % 65536).toString(16).padStart(4, '0')}`;
      this.write(draft);
    }
    this.prune(now);
  }

  /** A namespace that is going takes no events any more. */
  private write(draft: { metadata: { name: string; namespace: string } }): void {
    try {
      this.registry.createOwned(EVENTS, draft.metadata.namespace, draft);
    } catch {
      // Losing an event is what a real recorder does when the namespace is gone or going.
    }
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

const saying = (event: Pick<ClusterEvent, 'involvedObject' | 'reason' | 'message'>): string =>
  JSON.stringify([(event.involvedObject as ClusterEvent['involvedObject'] | undefined)?.uid ?? '', event.reason, event.message]);

const locationOf = ({ metadata }: KubeObject): { namespace: string; name: string } => ({
  namespace: metadata.namespace ?? '',
  name: metadata.name,
});
