import { jsonPatch } from '../apply/json-patch';
import { mergePatch, withoutNulls } from '../apply/merge';
import { strategicMerge } from '../apply/strategic-merge';
import { badRequest, unsupportedMediaType } from '../objects/api-error';
import { isObject, type Json } from '../objects/json';
import { type KubeObject } from '../objects/kube-object';

export const APPLY_PATCH = 'application/apply-patch+yaml';
const PATCH_TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  APPLY_PATCH,
];

/** The live object with a patch (not an apply) of this media type on it. @throws ApiError 400, 415 */
export const applyPatch = (mediaType: string, live: KubeObject, patch: Json): KubeObject => {
  const target = live as unknown as Json;
  const patched = patchers[mediaType]?.(target, patch);
  if (patched === undefined) throw unsupportedMediaType(PATCH_TYPES);
  return asKubeObject(patched);
};

const patchers: Readonly<Record<string, (target: Json, patch: Json) => Json | undefined>> = {
  'application/json-patch+json': jsonPatch,
  'application/merge-patch+json': (target, patch) => mergePatch(target, patch),
  'application/strategic-merge-patch+json': (target, patch) => strategicMerge(target, patch),
};

/** JSON of a request as an object of the API; `null` fields are left out. @throws ApiError 400 */
export const asKubeObject = (body: Json | undefined): KubeObject => {
  if (!isObject(body)) throw badRequest('the object provided is unrecognized (must be of type object)');
  const object = withoutNulls(body) as unknown as KubeObject;
  const metadata: unknown = object.metadata;
  return {
    ...object,
    metadata: isObject(metadata) ? (metadata as unknown as KubeObject['metadata']) : ({} as KubeObject['metadata']),
  };
};
