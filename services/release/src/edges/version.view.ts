import type { SnapshotConfiguration, VersionStatus } from '@souk/contracts';
import type { Principal } from '@souk/platform';
import { hostAccessOf } from '../domain/host-access';
import type { Version } from '../domain/version';

/** Own versions at any time, released ones by everybody, all of them by an operator. */
export function mayRead(
  version: { readonly providerTenant: string; readonly status: VersionStatus },
  { tenant, role }: Principal,
): boolean {
  return role === 'operator' || version.providerTenant === tenant || (role === 'buyer' && version.status !== 'draft');
}

/** What a buyer chooses from, fills in, and is to grant on the cluster's hosts; how the provider built it stays with the provider. */
export function offerOf({ name, hosting, topology }: SnapshotConfiguration) {
  return { name, hosting, parameters: topology.parameters, secrets: topology.secrets, hostAccess: hostAccessOf(topology) };
}

/** A version as of some point, for those who may read it now. */
export function versionState(version: Version, principal: Principal): object | undefined {
  return version.status !== 'none' && mayRead(version, principal) ? version : undefined;
}
