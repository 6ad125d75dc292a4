import { assertNever } from '@souk/event-sourcing';
import { escapeTemplate, formatReference, parseTemplate, type Reference, UnresolvedReference } from '@souk/topology';
import type { SealedValue } from './rendered';

/** An entry of `env` in a container. */
export type EnvironmentVariable =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly valueFrom: { readonly secretKeyRef: { readonly name: string; readonly key: string } } };

export interface Environment {
  readonly variables: readonly EnvironmentVariable[];
  /** What goes into the node's own Secret; empty where nothing is secret. */
  readonly sealed: Readonly<Record<string, SealedValue>>;
  /** Versions of what the environment reads from the vault: `dbPassword`, `param.licence`, `node.rds`. */
  readonly versions: Readonly<Record<string, number>>;
}

/** What references stand for. Values of secrets are not among it, only their versions. */
export interface Bindings {
  /** Version of what the reference stands for, where that is in the vault: a secret, a secret parameter, a credential of a cloud node. */
  readonly sealed: (reference: Reference) => SealedVersion | undefined;
  readonly host: (node: string) => string | undefined;
  readonly port: (node: string) => number | undefined;
  readonly parameter: (name: string) => string | undefined;
  readonly services: Services;
}

/** Where services are provided on the cluster, and by which instance. By service model. */
export type Services = ReadonlyMap<string, { readonly host: string; readonly port: number; readonly provider: string }>;

export interface SealedVersion {
  readonly name: string;
  readonly version: number;
  /** The cloud node whose credential it is. */
  readonly cloudNode?: string;
}

/** The platform's endpoint and the identity that the instance calls it with (F49). */
export interface Identity {
  readonly appKey: string;
  readonly secretVersion: number;
  /** Base URL of the platform's API, as the instance reaches it. */
  readonly apiUrl: string;
}

export const IDENTITY_SECRET = 'souk-identity';

/** Names under which an instance finds its identity: those of this platform, and those that apps of this kind already read. */
function identityVariables({ apiUrl }: Identity): EnvironmentVariable[] {
  const url = new URL(apiUrl);
  const schema = url.protocol.replace(':', '');
  const port = url.port || (schema === 'https' ? '443' : '80');
  const fromIdentity = (name: string, key: string) => ({
    name,
    valueFrom: { secretKeyRef: { name: IDENTITY_SECRET, key } },
  });
  return [
    fromIdentity('SOUK_APP_KEY', 'SOUK_APP_KEY'),
    fromIdentity('SOUK_APP_SECRET', 'SOUK_APP_SECRET'),
    { name: 'SOUK_API_URL', value: apiUrl },
    fromIdentity('iot.hosting.appKey', 'SOUK_APP_KEY'),
    fromIdentity('iot.hosting.appSecret', 'SOUK_APP_SECRET'),
    { name: 'iot.hosting.api.schema', value: schema },
    { name: 'iot.hosting.api.domain', value: url.hostname },
    { name: 'iot.hosting.api.port', value: port },
  ];
}

/** Variables that an instance gives all of its own code, whatever a node says about them. */
export interface Injected {
  readonly variables: readonly EnvironmentVariable[];
  readonly names: ReadonlySet<string>;
}

/** Into what is not the app's own. */
export const nothingInjected: Injected = { variables: [], names: new Set() };

export function injectedInto(identity: Identity, services: Services): Injected {
  const variables = [...identityVariables(identity), ...serviceVariables(services)];
  return { variables, names: new Set(variables.map(({ name }) => name)) };
}

/** Names under which own code finds the services that it needs: `SOUK_SERVICE_WORK_ORDERS_HOST`. */
function serviceVariables(services: Services): EnvironmentVariable[] {
  return [...services].sort(byName).flatMap(([model, { host, port }]) => {
    const name = `SOUK_SERVICE_${model.toUpperCase().replaceAll('-', '_')}`;
    return [
      { name: `${name}_HOST`, value: host },
      { name: `${name}_PORT`, value: String(port) },
    ];
  });
}

/**
 * Literals stand in the pod's spec; a value with a secret anywhere in it goes into the node's Secret.
 * @throws UnresolvedReference what validation of the topology and of the parameters rules out
 */
export function environmentOf(
  env: Readonly<Record<string, string>>,
  secretName: string,
  bindings: Bindings,
  injected: Injected,
): Environment {
  const variables = [...injected.variables];
  const sealed: Record<string, SealedValue> = {};
  const versions: Record<string, number> = {};

  for (const [name, template] of Object.entries(env).sort(byName)) {
    if (injected.names.has(name)) continue;
    const parts = partsOf(template, bindings);
    if (!parts.some(({ sealed: version }) => version)) {
      variables.push({ name, value: asLiteral(parts.map(({ text }) => text).join('')) });
      continue;
    }
    for (const { sealed: read } of parts) if (read) versions[read.name] = read.version;
    sealed[name] = leftOpen(parts);
    variables.push({ name, valueFrom: { secretKeyRef: { name: secretName, key: name } } });
  }
  return { variables, sealed, versions };
}

/** A piece of a value: text as it is, or the reference to what only the vault knows, as it is written. */
interface Part {
  readonly text: string;
  readonly sealed?: SealedVersion;
}

/** Everything but what is in the vault filled in. */
function partsOf(template: string, bindings: Bindings): readonly Part[] {
  if (!template.includes('$')) return [{ text: template }];
  return parseTemplate(template).map((part) => {
    if ('malformed' in part) throw new UnresolvedReference(part.malformed);
    if ('text' in part) return part;
    const sealed = bindings.sealed(part.reference);
    return sealed ? { text: formatReference(part.reference), sealed } : { text: valueOf(part.reference, bindings) };
  });
}

/** A template in which only what is in the vault is open. */
function leftOpen(parts: readonly Part[]): SealedValue {
  const template = parts.map(({ text, sealed }) => (sealed ? text : escapeTemplate(text))).join('');
  const read: Record<string, number> = {};
  for (const { sealed } of parts) if (sealed?.cloudNode !== undefined) read[sealed.cloudNode] = sealed.version;
  return { template, ...(Object.keys(read).length > 0 && { bindings: read }) };
}

function valueOf(reference: Reference, bindings: Bindings): string {
  const value = boundTo(reference, bindings);
  if (value === undefined) throw new UnresolvedReference(formatReference(reference));
  return String(value);
}

function boundTo(reference: Reference, bindings: Bindings): string | number | undefined {
  switch (reference.kind) {
    case 'secret':
      return undefined;
    case 'param':
      return bindings.parameter(reference.name);
    case 'service':
      return bindings.services.get(reference.model)?.[reference.field];
    case 'node':
      return reference.field === 'host' ? bindings.host(reference.node) : bindings.port(reference.node);
    default:
      return assertNever(reference);
  }
}

/** The kubelet expands `$(NAME)` in literal values; a second dollar sign makes it text. */
function asLiteral(text: string): string {
  return text.includes('$(') ? text.replaceAll('$(', '$$$$(') : text;
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}
