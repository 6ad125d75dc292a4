import { namespaceOf } from '../cluster-object';
import type { Services } from './environment';

/** What the instances of a cluster reach that is shared with strangers. */
export interface Reach {
  /** Bound ones. */
  readonly services: Services;
  /** Of the platform: its API, and where logs go. */
  readonly urls: readonly string[];
}

/**
 * Rules of a NetworkPolicy: names, the own namespace, providers that the instance is bound to, the platform, and what is public. Not the hosts,
 * their neighbours, other namespaces, and least of all what tells a virtual machine its credentials.
 */
export function egressOf({ services, urls }: Reach): object[] {
  const providers = new Set([...services.values()].map(({ provider }) => provider));
  return [
    { to: [{ podSelector: {} }] },
    { to: [inNamespace('kube-system'), { ipBlock: { cidr: NODE_LOCAL_DNS } }], ports: dns },
    ...[...providers].sort().map((provider) => ({ to: [inNamespace(namespaceOf(provider))] })),
    ...[...new Set(urls)].sort().flatMap(ruleFor),
    { to: publicAddresses },
  ];
}

/** Where a node-local cache of names listens. */
const NODE_LOCAL_DNS = '169.254.20.10/32';
const dns = ['UDP', 'TCP'].map((protocol) => ({ port: 53, protocol }));

const publicAddresses: readonly object[] = [
  {
    ipBlock: {
      cidr: '0.0.0.0/0',
      except: [
        ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
        ...['192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4'],
      ],
    },
  },
  { ipBlock: { cidr: '::/0', except: ['::/127', '64:ff9b::/96', 'fc00::/7', 'fe80::/10', 'ff00::/8'] } },
];

/** What is not reached as a public address anyway: an address itself, or a service of the same cluster, whatever ports its pods have. */
function ruleFor(url: string): object[] {
  const { hostname, port, protocol } = new URL(url);
  const namespace = /^[^.]+\.([^.]+)\.svc(?:\.|$)/.exec(hostname)?.[1];
  if (namespace !== undefined) return [{ to: [inNamespace(namespace)] }];
  if (!/^[\d.]+$/.test(hostname)) return [];
  const ports = [{ port: Number(port || (protocol === 'https:' ? 443 : 80)), protocol: 'TCP' }];
  return [{ to: [{ ipBlock: { cidr: `${hostname}/32` } }], ports }];
}

const inNamespace = (name: string) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } });
