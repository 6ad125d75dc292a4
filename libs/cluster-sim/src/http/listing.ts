import { badRequest } from '../objects/api-error';
import { type KubeObject } from '../objects/kube-object';
import { type Resource } from '../objects/resources';
import { requestMatcher } from '../objects/selector';
import { type ObjectStore } from '../store/object-store';

export interface ListRequest {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly labelSelector: string | undefined;
  readonly fieldSelector: string | undefined;
  /** 0: all. */
  readonly limit: number;
  readonly continueAfter: string | undefined;
}

export interface ListPage {
  readonly items: readonly KubeObject[];
  readonly metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
}

/**
 * One page of a list, by namespace and name. Unlike etcd the store keeps no old versions: a later page shows what is
 * there when it is asked for, and says so by its resource version.
 */
export const listPage = (store: ObjectStore, request: ListRequest): ListPage => {
  const { resource, namespace, limit } = request;
  const matches = requestMatcher(resource.kind, request.labelSelector, request.fieldSelector);
  const after = request.continueAfter ? decodeToken(request.continueAfter) : undefined;
  const found = store
    .list(resource, namespace)
    .filter(matches)
    .map((object) => ({ key: sortKey(object), object }))
    .filter(({ key }) => after === undefined || key > after)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const shown = limit > 0 ? found.slice(0, limit) : found;
  const remaining = found.length - shown.length;
  const selected = request.labelSelector ?? request.fieldSelector;
  return {
    items: shown.map(({ object }) => object),
    metadata: {
      resourceVersion: String(store.version),
      ...(remaining > 0 ? { continue: encodeToken(shown.at(-1)!.key) } : {}),
      ...(remaining > 0 && !selected ? { remainingItemCount: remaining } : {}),
    },
  };
};

const sortKey = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

const encodeToken = (after: string): string => Buffer.from(JSON.stringify({ v: 'souk.sim/v1', after })).toString('base64url');

const decodeToken = (token: string): string => {
  try {
    const { after } = JSON.parse(Buffer.from(token, 'base64url').toString()) as { after?: unknown };
    if (typeof after === 'string') return after;
  } catch {
    // Not a token of ours: refused below.
  }
  throw badRequest('continue key is not valid: unexpected format of the token');
};
