import type { Projection } from '@souk/event-sourcing';
import type { ClusterDescription, ClusterEvent } from '../domain/cluster.events';

export interface ClusterDoc extends ClusterDescription {
  /** Whom it is shown to: the tenant that owns it, or `*` for everybody. */
  readonly audience: string;
  readonly revision: number;
  readonly registeredAt: string;
}

/** In `audience` of a shared cluster. */
export const EVERYBODY = '*';

export const clustersProjection: Projection<ClusterDoc, ClusterEvent> = {
  name: 'clusters',
  version: 1,
  streamPrefixes: ['cluster-'],
  indexes: { byAudience: ['audience', 'name'], all: ['name'] },
  on: {
    ClusterRegistered: (_, { data, revision, recordedAt }) => ({
      ...data,
      audience: data.shared ? EVERYBODY : data.ownerTenant,
      revision,
      registeredAt: recordedAt,
    }),
    ClusterRemoved: () => undefined,
  },
};
