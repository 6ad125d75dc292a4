import type { Role } from '@souk/contracts';
import type { HistoryEntry } from './history-entry';

/** Who looks at the history. */
export interface Viewer {
  readonly tenant: string;
  readonly role: Role;
  /** An auditor of the platform itself, not of one account. */
  readonly platformWide: boolean;
}

/**
 * How much of an event somebody may see. `shared`: everything but what the buyer alone has filled in; `state`: nor anything that may quote
 * what the buyer's cluster or cloud has said.
 */
export type Sight = 'nothing' | 'metadata' | 'state' | 'shared' | 'everything';

/** Streams of billing and its orders. */
const orderCategories = new Set(['purchase', 'billingSource']);
/** Streams with two parties, in which the buyer's own input may stand. */
const buyerCategories = new Set(['purchase', 'credential']);
/** Those of them that tell how it goes where the buyer's instances run. */
const runningCategories = new Set(['instance', 'operation', 'health', 'resources']);
/** The buyer's own input. */
const buyerFields = new Set(['parameters', 'secrets']);
/** Words of clusters and of people, addresses, and what stands on a cluster: beside codes, for who runs it. */
const runningFields = new Set([...buyerFields, 'reason', 'detail', 'differences', 'address', 'ticket']);

export function sightOf({ tenant, role, platformWide }: Viewer, { tenants, category }: HistoryEntry): Sight {
  if (role === 'operator') return 'metadata';
  if (role === 'auditor' && platformWide) return 'everything';
  if (!tenants.includes(tenant)) return 'nothing';
  switch (role) {
    case 'auditor':
    case 'buyer':
      return 'everything';
    case 'provider':
      if (tenants.length > 1 && runningCategories.has(category)) return 'state';
      return tenants.length > 1 && buyerCategories.has(category) ? 'shared' : 'everything';
    case 'billing':
      return orderCategories.has(category) ? 'shared' : 'nothing';
  }
}

/** The data that remains for this sight; `undefined` where none is shown. */
export function visibleData(sight: Sight, data: object): object | undefined {
  switch (sight) {
    case 'everything':
      return data;
    case 'shared':
      return without(buyerFields, data) as object;
    case 'state':
      return without(runningFields, data) as object;
    case 'metadata':
    case 'nothing':
      return undefined;
  }
}

function without(fields: ReadonlySet<string>, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => without(fields, item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !fields.has(name))
      .map(([name, content]) => [name, without(fields, content)]),
  );
}
