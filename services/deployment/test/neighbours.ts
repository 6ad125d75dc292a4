import { createHash } from 'node:crypto';
import { Global, Module } from '@nestjs/common';
import {
  AppCatalogQueries,
  type AppView,
  AuthorizationCommands,
  AuthorizationQueries,
  type CallContext,
  type ConfigurationHosting,
  type CredentialView,
  type Decision,
  type DeclaredPermissions,
  type PermissionsAtRevision,
  ReleaseCommands,
  ReleaseQueries,
  type Role,
  type SignedRequest,
  type Snapshot,
  type VersionView,
} from '@souk/contracts';
import { type Principal, TokenVerifier, Unauthenticated } from '@souk/platform';
import { digestOf, type Topology } from '@souk/topology';
import { ids } from './sample';

const none: DeclaredPermissions = { apis: [], dataModels: [] };

/** One app with configurations named "standard"; versions are added by their topologies. */
export class OneApp extends ReleaseQueries {
  private readonly versions = new Map<string, VersionView>();
  private readonly snapshots = new Map<string, Snapshot>();
  private newest: VersionView | undefined;

  add(
    versionId: string,
    number: string,
    topology: Topology,
    permissions: DeclaredPermissions = none,
    hosting: ConfigurationHosting = 'edge',
  ): void {
    const snapshot: Snapshot = {
      apiVersion: 'souk/v1',
      kind: 'Snapshot',
      appId: ids.appId,
      versionNumber: number,
      configurations: [{ name: 'standard', hosting, topology, images: [] }],
      permissions,
    };
    const digest = digestOf(snapshot);
    this.snapshots.set(digest, snapshot);
    this.newest = { versionId, appId: ids.appId, providerTenant: ids.provider, number, status: 'released', snapshot: digest };
    this.versions.set(versionId, this.newest);
  }

  override async version(versionId: string): Promise<VersionView | undefined> {
    return this.versions.get(versionId);
  }
  override async newestReleased(): Promise<VersionView | undefined> {
    return this.newest;
  }
  override async snapshot(digest: string): Promise<Snapshot | undefined> {
    return this.snapshots.get(digest);
  }

  /** Takes a version back to what it was before its release. */
  makeDraft(versionId: string): void {
    const { snapshot: _, ...version } = this.versions.get(versionId)!;
    this.versions.set(versionId, { ...version, status: 'draft' });
    this.drafts.set(versionId, _!);
  }
  readonly drafts = new Map<string, string>();
}

class Trials extends ReleaseCommands {
  constructor(private readonly app: OneApp) {
    super();
  }
  override async trialSnapshot(versionId: string): Promise<string> {
    return this.app.drafts.get(versionId)!;
  }
}

class Catalog extends AppCatalogQueries {
  override async app(appId: string): Promise<AppView> {
    return {
      appId,
      providerTenant: ids.provider,
      name: 'Shop',
      distributionType: 'instance',
      hostingMode: 'edge',
      platforms: ['linux/amd64'],
      status: 'listed',
    };
  }
}

/** Credentials in memory. What was done to them is told in order. */
export class Credentials extends AuthorizationCommands {
  readonly log: string[] = [];
  readonly views = new Map<string, CredentialView>();

  override async clonePermissions(): Promise<void> {
    // No permissions are drafted here.
  }
  override async createCredential(
    input: Parameters<AuthorizationCommands['createCredential']>[0],
    call: CallContext,
  ): Promise<CredentialView> {
    const known = this.views.get(input.instanceId);
    if (known) return known;
    this.log.push(`created by ${call.actor.id}`);
    return this.keep({
      instanceId: input.instanceId,
      appKey: `AK${createHash('sha256').update(input.instanceId).digest('hex').slice(0, 8)}`,
      secretVersion: 1,
      status: 'active',
      grants: input.grants,
    });
  }
  override async alignGrants(instanceId: string, grants: DeclaredPermissions): Promise<CredentialView> {
    this.log.push(`granted ${grants.apis.join('+') || 'nothing'}`);
    return this.keep({ ...this.views.get(instanceId)!, grants });
  }
  override async revokeCredential(instanceId: string): Promise<void> {
    const known = this.views.get(instanceId);
    if (!known || known.status === 'revoked') return;
    this.log.push('revoked');
    this.keep({ ...known, status: 'revoked' });
  }
  override async appSecret(instanceId: string, version: number): Promise<string> {
    return version === 1 ? `secret of ${instanceId}` : `secret ${version} of ${instanceId}`;
  }
  /** What its owner does in authorization. */
  rotate(instanceId: string): void {
    const view = this.views.get(instanceId)!;
    this.keep({ ...view, secretVersion: view.secretVersion + 1 });
  }

  private keep(view: CredentialView): CredentialView {
    this.views.set(view.instanceId, view);
    return view;
  }
}

/** Takes the AppKey in `x-ca-key` for granted, without a signature. */
class Decisions extends AuthorizationQueries {
  constructor(private readonly credentials: Credentials) {
    super();
  }
  override async permissionsOf(versionId: string): Promise<PermissionsAtRevision> {
    return { versionId, revision: -1, permissions: none, problems: [] };
  }
  override async credentialOf(instanceId: string): Promise<CredentialView | undefined> {
    return this.credentials.views.get(instanceId);
  }
  override async decide({ headers, path }: SignedRequest): Promise<Decision> {
    const view = [...this.credentials.views.values()].find(({ appKey }) => appKey === headers['x-ca-key']);
    if (view?.status !== 'active') return { allowed: false, code: 'unauthenticated', detail: 'unknown key or wrong signature' };
    const api = path === '/open/v1/instance' ? 'instance.read' : path;
    if (!view.grants.apis.includes(api)) return { allowed: false, code: 'not-granted', detail: `${api} was not granted` };
    return { allowed: true, api, appKey: view.appKey, instanceId: view.instanceId, ownerTenant: ids.buyer };
  }
}

/** A token is `<role>.<tenant>`. */
class PlainTokens extends TokenVerifier {
  override async verify(token: string): Promise<Principal> {
    const [role, tenant] = token.split('.');
    if (!role || !tenant) throw new Unauthenticated();
    return { role: role as Role, tenant, user: 'usr_01J00000000000000000000001', tokenId: token };
  }
}

/** The other services, in memory: they outlive a restart of this one. */
export class Neighbours {
  readonly app = new OneApp();
  readonly credentials = new Credentials();

  module() {
    const providers = [
      { provide: ReleaseQueries, useValue: this.app },
      { provide: ReleaseCommands, useValue: new Trials(this.app) },
      { provide: AppCatalogQueries, useClass: Catalog },
      { provide: AuthorizationCommands, useValue: this.credentials },
      { provide: AuthorizationQueries, useValue: new Decisions(this.credentials) },
      { provide: TokenVerifier, useClass: PlainTokens },
    ];
    return { module: NeighboursModule, providers, exports: providers };
  }
}

@Global()
@Module({})
class NeighboursModule {}
