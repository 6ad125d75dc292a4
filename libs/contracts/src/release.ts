import type { PublicEvent } from '@souk/messaging';
import type { Topology } from '@souk/topology';
import type { DeclaredPermissions } from './authorization';
import type { CallContext } from './call';
import type { ConfigurationHosting } from './orchestration';

export type VersionStatus = 'draft' | 'released' | 'deprecated' | 'withdrawn';

/** What is deployed: immutable, named by the SHA-256 (64 hex digits) over its canonical JSON (RFC 8785). */
export interface Snapshot {
  readonly apiVersion: 'souk/v1';
  readonly kind: 'Snapshot';
  readonly appId: string;
  readonly versionNumber: string;
  readonly configurations: readonly SnapshotConfiguration[];
  readonly permissions: DeclaredPermissions;
}

export interface SnapshotConfiguration {
  readonly name: string;
  readonly hosting: ConfigurationHosting;
  /** Presets resolved, canvas positions left out. */
  readonly topology: Topology;
  /** One entry for every distinct image. */
  readonly images: readonly SnapshotImage[];
}

/** What an image was when it was released. */
export interface SnapshotImage {
  readonly image: string;
  /** `sha256:<64 hex digits>` */
  readonly digest?: string;
  /** No registry could be asked for the digest. */
  readonly unpinned: boolean;
  /** Why not, as a stable code. */
  readonly reason?: string;
  /** For which platforms the image is, where the registry said so. */
  readonly platforms?: readonly string[];
  /** The digest is of a simulated registry: no real cluster can fetch it. */
  readonly simulated?: boolean;
}

export interface VersionView {
  readonly versionId: string;
  readonly appId: string;
  readonly providerTenant: string;
  readonly number: string;
  readonly status: VersionStatus;
  /** Digest of the snapshot; absent for a draft. */
  readonly snapshot?: string;
}

/** Asked by app-catalog, orchestration, authorization, deployment and commerce. Reads the truth, not a projection. */
export abstract class ReleaseQueries {
  abstract version(versionId: string): Promise<VersionView | undefined>;
  /** The newest released version of an app by semantic version precedence, that is neither deprecated nor withdrawn. */
  abstract newestReleased(appId: string): Promise<VersionView | undefined>;
  abstract snapshot(digest: string): Promise<Snapshot | undefined>;
}

/** Commanded by deployment. */
export abstract class ReleaseCommands {
  /**
   * Freezes a draft as it stands into a snapshot that no release names, for a trial by its provider. Answers the digest.
   * @throws DomainError `version-invalid` with all problems
   */
  abstract trialSnapshot(versionId: string, call: CallContext): Promise<string>;
}

export type ReleaseEvent =
  | PublicEvent<
      'release.version-drafted.v1',
      { versionId: string; appId: string; providerTenant: string; number: string; first: boolean }
    >
  | PublicEvent<
      'release.version-released.v1',
      { versionId: string; appId: string; providerTenant: string; number: string; snapshot: string }
    >
  | PublicEvent<'release.version-deprecated.v1' | 'release.version-withdrawn.v1', { versionId: string; appId: string }>;
