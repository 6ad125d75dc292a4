import { namespaceOf, serviceLabel } from '../cluster-object';
import type { Reach } from './egress';
import { type Identity, IDENTITY_SECRET, type Services } from './environment';
import { renderIsolation } from './network';
import { SERVICE_ACCOUNT } from './pod';
import { head, labelsOf, type Owner, rendered, type RenderedObject } from './rendered';
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
  return rendered({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: owner.namespace,
      labels: { ...labelsOf(owner), 'pod-security.kubernetes.io/enforce': level, ...Object.fromEntries(uses) },
      annotations: { 'souk.dev/instance-name': name },
    },
  });
}

function renderServiceAccount(owner: Owner): RenderedObject {
  return rendered({
    ...head(owner, { apiVersion: 'v1', kind: 'ServiceAccount', name: SERVICE_ACCOUNT }),
    automountServiceAccountToken: false,
  });
}

function renderIdentity(owner: Owner, { appKey, secretVersion }: Identity): RenderedObject {
  const object = { ...head(owner, { apiVersion: 'v1', kind: 'Secret', name: IDENTITY_SECRET }), type: 'Opaque' };
  const sealed = { SOUK_APP_KEY: { template: appKey }, SOUK_APP_SECRET: { appSecretVersion: secretVersion } };
  return rendered(object, { sealed, versions: { appSecret: secretVersion } });
}
