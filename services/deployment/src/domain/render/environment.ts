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
  /** Versions of the secrets that the environment reads. */
  readonly versions: Readonly<Record<string, number>>;
}

/** What references stand for. Values of secrets are not among it, only their versions. */
export interface Bindings {
  readonly host: (node: string) => string | undefined;
  readonly port: (node: string) => number | undefined;
  readonly parameter: (name: string) => string | undefined;
  /** Where a service of that model is provided on the cluster. */
  readonly service: (model: string) => { readonly host: string; readonly port: number } | undefined;
  readonly secretVersion: (name: string) => number | undefined;
  /** Version of the credentials of a cloud node; 0 as long as there are none. `undefined` for any other node. */
  readonly cloudVersion: (node: string) => number | undefined;
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
export function identityVariables({ apiUrl }: Identity): EnvironmentVariable[] {
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

/**
 * Literals stand in the pod's spec; a value with a secret anywhere in it goes into the node's Secret.
 * @throws UnresolvedReference what validation of the topology and of the parameters rules out
 */
export function environmentOf(
  env: Readonly<Record<string, string>>,
  secretName: string,
  bindings: Bindings,
  identity?: Identity,
): Environment {
  const injected = identity ? identityVariables(identity) : [];
  const taken = new Set(injected.map((variable) => variable.name));
  const variables: EnvironmentVariable[] = [...injected];
  const sealed: Record<string, SealedValue> = {};
  const versions: Record<string, number> = {};

  for (const [name, template] of Object.entries(env).sort(byName)) {
    if (taken.has(name)) continue;
    const value = partlyResolved(template, bindings);
    Object.assign(versions, value.versions);
    if (Object.keys(value.versions).length === 0) {
      variables.push({ name, value: asLiteral(value.text) });
      continue;
    }
    const { bindings: read } = value;
    sealed[name] = { template: value.template, ...(Object.keys(read).length > 0 && { bindings: read }) };
    variables.push({ name, valueFrom: { secretKeyRef: { name: secretName, key: name } } });
  }
  return { variables, sealed, versions };
}

/** Everything but secrets filled in: as plain text, and as a template in which only the secrets are open, credentials of cloud nodes among them. */
function partlyResolved(template: string, bindings: Bindings) {
  let text = '';
  let open = '';
  const versions: Record<string, number> = {};
  const read: Record<string, number> = {};
  for (const part of parseTemplate(template)) {
    if ('malformed' in part) throw new UnresolvedReference(part.malformed);
    const reference = 'reference' in part ? part.reference : undefined;
    if (reference?.kind === 'secret') {
      const version = bindings.secretVersion(reference.name);
      if (version === undefined) throw new UnresolvedReference(formatReference(reference));
      versions[reference.name] = version;
      open += formatReference(reference);
      continue;
    }
    const cloudVersion = reference?.kind === 'node' ? bindings.cloudVersion(reference.node) : undefined;
    if (reference?.kind === 'node' && cloudVersion !== undefined) {
      versions[`node.${reference.node}`] = cloudVersion;
      read[reference.node] = cloudVersion;
      open += formatReference(reference);
      continue;
    }
    const value = reference ? valueOf(reference, bindings) : (part as { text: string }).text;
    text += value;
    open += escapeTemplate(value);
  }
  return { text, template: open, versions, bindings: read };
}

function valueOf(reference: Exclude<Reference, { kind: 'secret' }>, bindings: Bindings): string {
  const value = boundTo(reference, bindings);
  if (value === undefined) throw new UnresolvedReference(formatReference(reference));
  return String(value);
}

function boundTo(reference: Exclude<Reference, { kind: 'secret' }>, bindings: Bindings): string | number | undefined {
  switch (reference.kind) {
    case 'param':
      return bindings.parameter(reference.name);
    case 'service':
      return bindings.service(reference.model)?.[reference.field];
    case 'node':
      return reference.field === 'host' ? bindings.host(reference.node) : bindings.port(reference.node);
    default:
      return assertNever(reference);
  }
}

/** The kubelet expands `$(NAME)` in literal values; a second dollar sign makes it text. */
function asLiteral(text: string): string {
  return text.replaceAll('$(', '$$$$(');
}

function byName(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : 1;
}
