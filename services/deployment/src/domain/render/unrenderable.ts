import { UnresolvedReference } from '@souk/topology';
import type { Failure } from '../operations/failure';
import { StorageWithoutNas } from './storage';

/** Where it can't be said what is to stand on the cluster, since something that it follows from has gone meanwhile: trying again helps nobody. */
export function unrenderable(error: unknown): { readonly failure: Failure } {
  if (error instanceof StorageWithoutNas) return { failure: { code: 'refused', reason: error.message, node: error.node } };
  if (error instanceof UnresolvedReference) return { failure: { code: 'refused', reason: error.message } };
  throw error;
}
