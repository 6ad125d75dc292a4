import type { Projection, RecordedEvent } from '@souk/event-sourcing';
import { evolveResources, isThere, isUnderWay, noResources, placeOf, type Resource } from '../domain/cloud/resources';
import type { EventOfResource, ResourceEvent } from '../domain/cloud/resources.events';

/** The managed resources that an instance has, as long as it has any. */
export interface CloudResourcesDoc {
  readonly instanceId: string;
  readonly ownerTenant: string;
  readonly providerTenant: string;
  readonly resources: readonly Resource[];
  /** Who provides them: whom they keep from being removed. */
  readonly providers: readonly string[];
  /** Something is to be done with one of them: the list of whoever works on resources. */
  readonly working: boolean;
}

type Doc = CloudResourcesDoc | undefined;

const fold = (doc: Doc, { type, data }: RecordedEvent<EventOfResource>): Doc => {
  const byNode = new Map((doc?.resources ?? []).map((resource) => [resource.node, resource]));
  const before = doc ? { ...doc, byNode } : noResources;
  const after = evolveResources(before, { type, data } as EventOfResource);
  const resources = [...after.byNode.values()].filter(isThere);
  if (resources.length === 0) return undefined;
  const providers = resources.flatMap((resource) => placeOf(resource)?.provider ?? []);
  return {
    instanceId: data.instanceId,
    ownerTenant: after.ownerTenant,
    providerTenant: after.providerTenant,
    resources,
    providers: [...new Set(providers)],
    working: resources.some(isUnderWay),
  };
};

export const cloudResourcesProjection: Projection<CloudResourcesDoc, ResourceEvent> = {
  name: 'cloud-resources',
  version: 1,
  streamPrefixes: ['resources-'],
  indexes: { working: ['working', 'instanceId'], byProvider: ['providers', 'instanceId'] },
  keys: ({ data }) => [data.instanceId],
  on: {
    ResourceRequested: fold,
    ResourcePlaced: fold,
    ResourceProvisioning: fold,
    ResourceProvisioned: fold,
    ResourceBinding: fold,
    ResourceBound: fold,
    ResourceFailed: fold,
    ResourceChangeRequested: fold,
    ResourceChanging: fold,
    ResourceChanged: fold,
    ResourceChangeFailed: fold,
    ResourceReleased: fold,
    ResourceUnbinding: fold,
    ResourceUnbound: fold,
    ResourceDeprovisioning: fold,
    ResourceDeprovisioned: fold,
    ResourceDelayed: fold,
    // By then none is there, and no document.
    ResourcesClosed: 'ignored',
  },
};
