import type { ConfigurationAtRevision, PermissionsAtRevision, Snapshot, SnapshotConfiguration } from '@souk/contracts';
import type { Aggregate, DomainEvent } from '@souk/event-sourcing';
import { digestOf, resolveTopology, type Topology } from '@souk/topology';
import { type ImageFindings, imagesOf, snapshotImageOf } from './images';

/** Written once for each content; harmless where no release names it. */
export type SnapshotTaken = DomainEvent<
  'SnapshotTaken',
  { readonly digest: string; readonly providerTenant: string; readonly snapshot: Snapshot }
>;

export type SnapshotState = { readonly status: 'none' } | ({ readonly status: 'taken' } & SnapshotTaken['data']);

export type TakeSnapshot = { readonly type: 'take-snapshot' } & SnapshotTaken['data'];

/** Streams are named by content, so that taking the same snapshot twice says nothing new. */
export const snapshotAggregate: Aggregate<SnapshotState, TakeSnapshot, SnapshotTaken> = {
  category: 'snapshot',
  eventTypes: { SnapshotTaken: {} },
  initial: { status: 'none' },
  tenants: (state) => (state.status === 'none' ? [] : [state.providerTenant]),
  evolve: (_, event) => ({ status: 'taken', ...event.data }),
  decide: ({ type: _, ...data }, state) => (state.status === 'none' ? [{ type: 'SnapshotTaken', data }] : []),
};

/**
 * Configurations and permissions as one immutable document: presets resolved, lists sorted, canvas positions left out.
 * The digest is the SHA-256 over its canonical JSON (RFC 8785), so equal content has equal digests wherever it was made.
 */
export function snapshotOf(
  version: { readonly appId: string; readonly number: string },
  configurations: readonly ConfigurationAtRevision[],
  { permissions }: PermissionsAtRevision,
  images: ImageFindings = new Map(),
): { readonly digest: string; readonly snapshot: Snapshot } {
  const snapshot: Snapshot = {
    apiVersion: 'souk/v1',
    kind: 'Snapshot',
    appId: version.appId,
    versionNumber: version.number,
    configurations: configurations
      .map((configuration) => configurationOf(configuration, images))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    permissions,
  };
  return { digest: digestOf(snapshot), snapshot };
}

function configurationOf({ name, hosting, topology }: ConfigurationAtRevision, images: ImageFindings): SnapshotConfiguration {
  const resolved: Topology = resolveTopology(topology);
  return {
    name,
    hosting,
    topology: resolved,
    images: imagesOf(topology).map((image) => snapshotImageOf(image, images.get(image))),
  };
}
