import type { ConfigurationAtRevision, PermissionsAtRevision, Snapshot, SnapshotConfiguration } from '@souk/contracts';
import type { Aggregate, DomainEvent, Steps } from '@souk/event-sourcing';
import { digestSteps, type Topology, topologyResolvingSteps } from '@souk/topology';
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
 * In steps: a configuration may have thousands of nodes.
 */
export function* snapshotSteps(
  version: { readonly appId: string; readonly number: string },
  configurations: readonly ConfigurationAtRevision[],
  { permissions }: PermissionsAtRevision,
  images: ImageFindings = new Map(),
): Steps<{ readonly digest: string; readonly snapshot: Snapshot }> {
  const frozen: SnapshotConfiguration[] = [];
  for (const configuration of configurations) frozen.push(yield* configurationSteps(configuration, images));
  const snapshot: Snapshot = {
    apiVersion: 'souk/v1',
    kind: 'Snapshot',
    appId: version.appId,
    versionNumber: version.number,
    configurations: frozen.sort((a, b) => (a.name < b.name ? -1 : 1)),
    permissions,
  };
  return { digest: yield* digestSteps(snapshot), snapshot };
}

function* configurationSteps(
  { name, hosting, topology }: ConfigurationAtRevision,
  images: ImageFindings,
): Steps<SnapshotConfiguration> {
  const resolved: Topology = yield* topologyResolvingSteps(topology);
  yield;
  return {
    name,
    hosting,
    topology: resolved,
    images: imagesOf(topology).map((image) => snapshotImageOf(image, images.get(image))),
  };
}
