import type { LookupFunction } from 'node:net';

/** Where a cluster's API is, and how it knows us. Holds secrets: never logged. */
export interface KubernetesEndpoint {
  /** `https://10.0.0.5:6443`. */
  readonly server: string;
  /** PEM; the system's authorities without it. */
  readonly certificateAuthority?: string;
  readonly token?: string;
  readonly clientCertificate?: { readonly certificate: string; readonly key: string };
  /** Name in the server's certificate, where it is not the one in the address. */
  readonly tlsServerName?: string;
  /** How names of servers are looked up: a guarded lookup refuses addresses that no cluster may have. */
  readonly lookup?: LookupFunction;
}
