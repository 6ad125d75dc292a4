import type { Problem } from '@souk/event-sourcing';
import { parse } from 'yaml';
import type { KubernetesEndpoint } from './endpoint';

/** What may be in a kubeconfig, and is looked at. */
interface Kubeconfig {
  readonly 'current-context'?: unknown;
  readonly clusters?: readonly Named<'cluster'>[];
  readonly users?: readonly Named<'user'>[];
  readonly contexts?: readonly Named<'context'>[];
}

type Named<Field extends string> = { readonly name?: unknown } & {
  readonly [F in Field]?: Readonly<Record<string, unknown>> | null;
};

export type ParsedKubeconfig =
  | { readonly endpoint: KubernetesEndpoint; readonly problems: readonly [] }
  | { readonly endpoint: undefined; readonly problems: readonly Problem[] };

/** Longest kubeconfig that is looked at, in characters. */
const MAX_LENGTH = 256 * 1024;

/**
 * The endpoint of the current context. A kubeconfig runs code and reads files in naive clients: taken are only an https address with an
 * inline authority, and a token or an inline client certificate. Everything else that matters is refused, one problem for each; fields that
 * no client acts on are let be.
 * @param trusted for files that this installation wrote itself: plain http (to a simulated cluster) is taken too
 */
export function parseKubeconfig(text: string, { trusted = false } = {}): ParsedKubeconfig {
  if (text.length > MAX_LENGTH) return refused(problem('kubeconfig-too-large', '', `it has more than ${MAX_LENGTH} characters`));
  let config: Kubeconfig | string | number | null;
  try {
    // Aliases are how a small YAML text becomes a large document.
    config = parse(text, { maxAliasCount: 0 }) as Kubeconfig | string | number | null;
  } catch (error) {
    return refused(problem('kubeconfig-unreadable', '', `it is no YAML: ${(error as Error).message.split('\n')[0] ?? ''}`));
  }
  if (config === null || typeof config !== 'object') return refused(problem('kubeconfig-unreadable', '', 'it is no document'));

  const context = entry(config.contexts, 'context', config['current-context']);
  if (!context)
    return refused(problem('kubeconfig-context', '/current-context', 'the current context is not among the contexts'));
  const cluster = entry(config.clusters, 'cluster', context.body['cluster']);
  const user = entry(config.users, 'user', context.body['user']);
  if (!cluster)
    return refused(problem('kubeconfig-cluster', `${context.pointer}/cluster`, 'the cluster of the context is missing'));

  const problems = [...clusterProblems(cluster, trusted), ...(user ? userProblems(user) : [])];
  if (problems.length > 0) return refused(...problems);
  return { endpoint: endpointOf(cluster.body, user?.body ?? {}), problems: [] };
}

interface Entry {
  readonly pointer: string;
  readonly body: Readonly<Record<string, unknown>>;
}

function entry<Field extends 'cluster' | 'user' | 'context'>(
  list: readonly Named<Field>[] | undefined,
  field: Field,
  name: unknown,
): Entry | undefined {
  if (!Array.isArray(list)) return undefined;
  const index = list.findIndex((named) => (named as Named<Field> | null)?.name === name);
  const body = (list as readonly Named<Field>[])[index]?.[field];
  return typeof body === 'object' && body !== null ? { pointer: `/${field}s/${index}/${field}`, body } : undefined;
}

function clusterProblems({ pointer, body }: Entry, trusted: boolean): Problem[] {
  const problems: Problem[] = [];
  const refuse = (field: string, why: string) => {
    if (body[field] !== undefined && body[field] !== false)
      problems.push(problem('kubeconfig-refused', `${pointer}/${field}`, why));
  };
  if (!trusted)
    refuse('insecure-skip-tls-verify', 'the certificate of the cluster must be checked: give certificate-authority-data');
  refuse('proxy-url', 'clusters are reached directly, not through a proxy');
  refuse('certificate-authority', 'files are not read: give certificate-authority-data');
  const server = typeof body['server'] === 'string' && URL.canParse(body['server']) ? new URL(body['server']) : undefined;
  if (server?.protocol !== 'https:' && !(trusted && server?.protocol === 'http:'))
    problems.push(problem('kubeconfig-server', `${pointer}/server`, `"${String(body['server'])}" is no https address`));
  if (server && (server.username !== '' || server.password !== ''))
    problems.push(problem('kubeconfig-server', `${pointer}/server`, 'credentials do not belong into the address'));
  problems.push(...base64Problems(pointer, body, ['certificate-authority-data']));
  return problems;
}

function userProblems({ pointer, body }: Entry): Problem[] {
  const refusals: Readonly<Record<string, string>> = {
    exec: 'programs are not run: give a token or a client certificate',
    'auth-provider': 'auth providers are not supported: give a token or a client certificate',
    tokenFile: 'files are not read: give the token itself',
    'client-certificate': 'files are not read: give client-certificate-data',
    'client-key': 'files are not read: give client-key-data',
    username: 'passwords are not supported: give a token or a client certificate',
    password: 'passwords are not supported: give a token or a client certificate',
    as: 'impersonation is not supported',
  };
  const problems = Object.entries(refusals).flatMap(([field, why]) =>
    body[field] === undefined ? [] : [problem('kubeconfig-refused', `${pointer}/${field}`, why)],
  );
  problems.push(...base64Problems(pointer, body, ['client-certificate-data', 'client-key-data']));
  if ((body['client-certificate-data'] === undefined) !== (body['client-key-data'] === undefined))
    problems.push(
      problem('kubeconfig-credentials', pointer, 'a client certificate needs both client-certificate-data and client-key-data'),
    );
  return problems;
}

function base64Problems(pointer: string, body: Readonly<Record<string, unknown>>, fields: readonly string[]): Problem[] {
  return fields.flatMap((field) => {
    const value = body[field];
    if (value === undefined || (typeof value === 'string' && decoded(value).includes('-----BEGIN '))) return [];
    return [problem('kubeconfig-pem', `${pointer}/${field}`, 'it is no PEM in base64')];
  });
}

function endpointOf(cluster: Readonly<Record<string, unknown>>, user: Readonly<Record<string, unknown>>): KubernetesEndpoint {
  const text = (from: Readonly<Record<string, unknown>>, field: string) =>
    typeof from[field] === 'string' ? from[field] : undefined;
  const authority = text(cluster, 'certificate-authority-data');
  const certificate = text(user, 'client-certificate-data');
  const key = text(user, 'client-key-data');
  const token = text(user, 'token');
  const tlsServerName = text(cluster, 'tls-server-name');
  return {
    server: (cluster['server'] as string).replace(/\/+$/, ''),
    ...(authority !== undefined && { certificateAuthority: decoded(authority) }),
    ...(token !== undefined && { token }),
    ...(certificate !== undefined &&
      key !== undefined && { clientCertificate: { certificate: decoded(certificate), key: decoded(key) } }),
    ...(tlsServerName !== undefined && { tlsServerName }),
  };
}

const decoded = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');

const problem = (code: string, pointer: string, message: string): Problem => ({ code, pointer, message });

const refused = (...problems: Problem[]): ParsedKubeconfig => ({ endpoint: undefined, problems });
