import type { SsoDeclaration } from '@souk/contracts';
import type { InstanceDoc, NodePlace } from '../../projections/instances.projection';

/** Where the port that signs users in is reached now. */
export function signInAddresses({ nodes }: InstanceDoc, { node, port }: SsoDeclaration): readonly NodePlace[] {
  return (nodes.find(({ serviceName }) => serviceName === node)?.addresses ?? []).filter((place) => place.port === port);
}

/** Where a browser outside of the cluster opens it: at an address of its own, or at those of hosts. */
export function signInUrls(instance: InstanceDoc, sso: SsoDeclaration): string[] {
  return signInAddresses(instance, sso).flatMap(({ address, hosts = [], port, nodePort = port }) =>
    (address === undefined ? hosts.map((host) => [host, nodePort] as const) : [[address, port] as const]).map(
      ([host, at]) => new URL(sso.path, `http://${host.includes(':') ? `[${host}]` : host}:${at}`).href,
    ),
  );
}
