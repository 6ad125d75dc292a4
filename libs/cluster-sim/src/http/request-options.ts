import { badRequest } from '../objects/api-error';
import { isObject, type Json } from '../objects/json';
import { type DeleteOptions, type Propagation } from '../registry/deletion';

/** The query of a request; of a parameter that is given more than once, the last counts. */
export type Query = Readonly<Record<string, string | string[] | undefined>>;

export const parameter = (query: Query, name: string): string | undefined => {
  const value = query[name];
  return Array.isArray(value) ? value.at(-1) : value;
};

export const flag = (query: Query, name: string): boolean => ['true', '1', ''].includes(parameter(query, name) ?? 'false');

/** A resource version or another whole number of the query. @throws ApiError 400 */
export const wholeNumber = (query: Query, name: string): number | undefined => {
  const text = parameter(query, name);
  if (text === undefined || text === '') return undefined;
  if (!/^\d+$/.test(text))
    throw badRequest(`invalid ${name}: ${JSON.stringify(text)}: strconv.ParseUint: parsing "${text}": invalid syntax`);
  return Number(text);
};

export const isDryRun = (query: Query): boolean => {
  const value = parameter(query, 'dryRun');
  if (value !== undefined && value !== '' && value !== 'All') {
    throw badRequest(`Invalid value: "${value}": supported values: "All"`);
  }
  return value === 'All';
};

/** Who writes: `fieldManager`, or what the user agent begins with. */
export const managerOf = (query: Query, userAgent: string | undefined): string =>
  parameter(query, 'fieldManager') || (userAgent ?? '').split('/')[0] || 'unknown';

const PROPAGATIONS = ['Background', 'Foreground', 'Orphan'];

/** DeleteOptions of the body, or of the query. @throws ApiError 400 */
export const deleteOptions = (query: Query, body: Json | undefined): DeleteOptions => {
  const stated = isObject(body) ? body : {};
  const policy = stated.propagationPolicy ?? parameter(query, 'propagationPolicy');
  const orphan = stated.orphanDependents === true || parameter(query, 'orphanDependents') === 'true';
  if (policy !== undefined && (typeof policy !== 'string' || !PROPAGATIONS.includes(policy))) {
    throw badRequest(`DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: ${JSON.stringify(policy)}`);
  }
  const grace = stated.gracePeriodSeconds ?? wholeNumber(query, 'gracePeriodSeconds');
  const preconditions = isObject(stated.preconditions) ? stated.preconditions : {};
  return {
    propagation: (policy as Propagation | undefined) ?? (orphan ? 'Orphan' : 'Background'),
    ...(typeof grace === 'number' ? { gracePeriodSeconds: grace } : {}),
    preconditions: {
      ...(typeof preconditions.uid === 'string' ? { uid: preconditions.uid } : {}),
      ...(typeof preconditions.resourceVersion === 'string' ? { resourceVersion: preconditions.resourceVersion } : {}),
    },
    dryRun: isDryRun(query) || (Array.isArray(stated.dryRun) && stated.dryRun.includes('All')),
  };
};
