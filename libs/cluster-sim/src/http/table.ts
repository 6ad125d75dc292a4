import { type KubeObject } from '../objects/kube-object';
import { type Resource } from '../objects/resources';
import { type Column, columnsOf } from './table-columns';

/** Does this `Accept` header ask for a Table (as `kubectl get` does)? */
export const wantsTable = (accept: string | undefined): boolean =>
  /as=Table/.test(accept ?? '') && /g=meta\.k8s\.io/.test(accept ?? '');

export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** Objects as a `meta.k8s.io/v1` Table, with the columns that kubectl shows. */
export const tableOf = (
  resource: Resource,
  objects: readonly KubeObject[],
  metadata: object,
  include: IncludeObject,
  now: number,
): object => {
  const columns: readonly Column[] = columnsOf(resource);
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: columns.map(({ name, type = 'string', wide = false, description = name }) => ({
      name,
      type,
      format: name === 'Name' ? 'name' : '',
      description,
      priority: wide ? 1 : 0,
    })),
    rows: objects.map((object) => ({
      cells: columns.map((column) => cellOf(column, object, now)),
      object: rowObject(object, include),
    })),
  };
};

/** A status that a client wrote may be of any form; that must not spoil the table. */
const cellOf = ({ cell }: Column, object: KubeObject, now: number): string | number => {
  try {
    return cell(object, now);
  } catch {
    return '<unknown>';
  }
};

const rowObject = (object: KubeObject, include: IncludeObject): object | null => {
  if (include === 'None') return null;
  if (include === 'Object') return object;
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
};
