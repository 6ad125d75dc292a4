import type { Projection, RecordedEvent } from '@souk/event-sourcing';
import {
  changed,
  type ClusterDescription,
  type ClusterEvent,
  type HostPolicyGranted,
  type HostPolicyWithdrawn,
} from '../domain/clusters/cluster.events';
import { granted, type HostGrant, noHostAccess, without } from '../domain/clusters/host-policy';
import type { ClusterSight, ReachabilityEvent } from '../domain/clusters/reachability.events';

export interface ClusterDoc extends ClusterDescription {
  /** Whom it is shown to: the tenant that owns it, or `*` for everybody. */
  readonly audience: string;
  readonly revision: number;
  readonly registeredAt: string;
  /** What is granted now, each with the fact that it stands on. */
  readonly grants: readonly RecordedGrant[];
  /** Whether it answered when it was looked at last; absent until it was. */
  readonly reachable?: boolean;
  /** When that began. */
  readonly since?: string;
  /** Why it does not answer. */
  readonly detail?: string;
  /** As it was seen last. */
  readonly lastSeen?: ClusterSight;
}

export interface RecordedGrant {
  readonly kind: HostGrant['kind'];
  readonly path?: string;
  readonly readOnly?: boolean;
  /** Id of the event. */
  readonly grant: string;
  readonly grantedAt: string;
  /** Who granted it. */
  readonly grantedBy: string;
  readonly reason?: string;
}

/** In `audience` of a shared cluster. */
export const EVERYBODY = '*';

export const clustersProjection: Projection<ClusterDoc, ClusterEvent | ReachabilityEvent> = {
  name: 'clusters',
  version: 2,
  streamPrefixes: ['cluster-', 'reachability-'],
  indexes: { byAudience: ['audience', 'name'], byRegion: ['audience', 'region', 'clusterId'], all: ['name'] },
  on: {
    ClusterRegistered: (_, { data, revision, recordedAt }) => ({
      ...data,
      hostPolicy: noHostAccess,
      grants: [],
      audience: data.shared ? EVERYBODY : data.ownerTenant,
      revision,
      registeredAt: recordedAt,
    }),
    ClusterDescriptionChanged: (doc, { data, revision }) => doc && { ...changed(doc, data.changes), revision },
    HostPolicyGranted: (doc, event) =>
      doc && {
        ...doc,
        hostPolicy: granted(doc.hostPolicy, event.data.grant),
        grants: [...doc.grants, recorded(event)],
        revision: event.revision,
      },
    HostPolicyWithdrawn: (doc, { data, revision }) =>
      doc && {
        ...doc,
        hostPolicy: without(doc.hostPolicy, data.grant),
        grants: doc.grants.filter((known) => !isOf(known, data.grant)),
        revision,
      },
    ClusterCredentialsRotated: (doc, { data, revision }) =>
      doc && { ...doc, connection: { kind: 'kubeconfig', server: data.server }, revision },
    ClusterRemoved: () => undefined,

    ClusterBecameReachable: (doc, { data, recordedAt }) => {
      if (!doc) return undefined;
      const { detail: _, ...rest } = doc;
      return { ...rest, reachable: true, since: recordedAt, lastSeen: data.sight };
    },
    ClusterBecameUnreachable: (doc, { data, recordedAt }) =>
      doc && { ...doc, reachable: false, since: recordedAt, detail: data.detail },
    ClusterSightChanged: (doc, { data }) => doc && { ...doc, lastSeen: data.sight },
  },
};

function recorded({ id, data: { grant }, metadata, recordedAt }: RecordedEvent<HostPolicyGranted>): RecordedGrant {
  const { reason, actor } = metadata;
  return { ...grant, grant: id, grantedAt: recordedAt, grantedBy: actor.id, ...(reason !== undefined && { reason }) };
}

function isOf(known: RecordedGrant, grant: HostPolicyWithdrawn['data']['grant']): boolean {
  return (
    known.kind === grant.kind &&
    known.path === ('path' in grant ? grant.path : undefined) &&
    known.readOnly === ('readOnly' in grant ? grant.readOnly : undefined)
  );
}
