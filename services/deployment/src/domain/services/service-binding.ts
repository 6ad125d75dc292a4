import type { ServiceDependency, ServiceProvision } from '@souk/contracts';
import type { Problem } from '@souk/event-sourcing';
import { namespaceOf } from '../cluster-object';
import type { Services } from './services';
import type { Place, ServiceBinding } from './services.events';

/** A service that an instance on the same cluster, of the same account, provides. */
export interface Offer {
  readonly model: string;
  readonly instanceId: string;
  readonly node: string;
  readonly port: number;
}

export interface Binding {
  readonly bindings: readonly ServiceBinding[];
  /** Models that nobody provides. */
  readonly missing: readonly string[];
}

/**
 * Binds dependencies to offers: a service stays bound to whom it was bound to for as long as that one offers it; else the offer that is the
 * oldest is taken.
 *
 *     needs orders, faces    offers orders: A (older), B    bound to orders: B    gives   orders: B; missing faces
 *
 * @param offers the oldest first, for each model
 */
export function bindServices(
  dependencies: readonly ServiceDependency[],
  offers: ReadonlyMap<string, readonly Offer[]>,
  bound: Services['bound'],
): Binding {
  const bindings: ServiceBinding[] = [];
  const missing: string[] = [];
  for (const { model } of dependencies) {
    const offered = offers.get(model) ?? [];
    const chosen = offered.find(({ instanceId }) => instanceId === bound.get(model)?.provider) ?? offered[0];
    if (chosen) bindings.push(bindingTo(chosen));
    else missing.push(model);
  }
  return { bindings, missing };
}

/** What is missing, in words. */
export function notProvided(missing: readonly string[], { clusterId }: Pick<Place, 'clusterId'>): Problem[] {
  return missing.map((model) => ({
    code: 'service-not-provided',
    pointer: '/clusterId',
    message: `the app needs the service "${model}", which no running instance of this account provides on cluster "${clusterId}"`,
  }));
}

/** Those of a dependant's bindings that what its provider offers now says otherwise. */
export function afterChange(
  { instanceId, offers }: { readonly instanceId: string; readonly offers: readonly ServiceProvision[] },
  { bound }: Pick<Services, 'bound'>,
): { readonly withdrawn: readonly string[]; readonly moved: readonly ServiceBinding[] } {
  const withdrawn: string[] = [];
  const moved: ServiceBinding[] = [];
  for (const { model, provider, host, port, gone } of bound.values()) {
    if (gone || provider !== instanceId) continue;
    const offer = offers.find((known) => known.model === model);
    if (!offer) withdrawn.push(model);
    else {
      const now = bindingTo({ ...offer, instanceId });
      if (now.host !== host || now.port !== port) moved.push(now);
    }
  }
  return { withdrawn, moved };
}

function bindingTo({ model, instanceId, node, port }: Offer): ServiceBinding {
  return { model, provider: instanceId, host: `${node}.${namespaceOf(instanceId)}.svc`, port };
}
