import { namespaceOf, serviceLabel } from '../cluster-object';
import type { Reach } from './egress';
import { type Identity, IDENTITY_SECRET, type Services } from './environment';
import { renderIsolation } from './network';
import { SERVICE_ACCOUNT } from './pod';
import { type Owner, rendered, renderedNamespace, type RenderedObject } from './rendered';
import type { SecurityLevel } from './security';

/** What surrounds the nodes of any instance: its namespace first, then everything else in any order. */
export function renderSurroundings(
  owner: Owner,
  name: string,
  identity: Identity,
  level: SecurityLevel,
  services: Services,
  reach?: Reach,
): RenderedObject[] {
  return [
    renderNamespace(owner, name, level, services),
    renderIsolation(owner, reach),
    renderServiceAccount(owner),
    renderIdentity(owner, identity),
  ];
}

/** Its labels say which services it uses: by them those who provide one know whom to let in, and need not be touched. */
function renderNamespace(owner: Owner, name: string, level: SecurityLevel, services: Services): RenderedObject {
  const uses = [...services].map(([model, { provider }]) => [serviceLabel(model), namespaceOf(provider)] as const);
  return renderedNamespace(
    owner,
    { apiVersion: 'v1', kind: 'Namespace', annotations: { 'souk.dev/instance-name': name } },
    { 'pod-security.kubernetes.io/enforce': level, ...Object.fromEntries(uses) },
  );
}

function renderServiceAccount(owner: Owner): RenderedObject {
  const head = { apiVersion: 'v1', kind: 'ServiceAccount', name: SERVICE_ACCOUNT };
  return rendered(owner, head, { automountServiceAccountToken: false });
}

function renderIdentity(owner: Owner, { appKey, secretVersion }: Identity): RenderedObject {
  const head = { apiVersion: 'v1', kind: 'Secret', name: IDENTITY_SECRET };
  const sealed = { SOUK_APP_KEY: { template: appKey }, SOUK_APP_SECRET: { appSecretVersion: secretVersion } };
  return rendered(owner, head, { type: 'Opaque' }, { sealed, versions: { appSecret: secretVersion } });
}
