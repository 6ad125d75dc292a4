import type { Role } from '@souk/contracts';
import type { HistoryEntry } from './history-entry';

/** Who looks at the history. */
export interface Viewer {
  readonly tenant: string;
  readonly role: Role;
  /** An auditor of the platform itself, not of one account. */
  readonly platformWide: boolean;
}

/** How much of an event somebody may see. `shared`: everything but what the buyer alone has filled in. */
export type Sight = 'nothing' | 'metadata' | 'shared' | 'everything';

/** Streams of billing and its orders. */
const orderCategories = new Set(['purchase', 'billingSource']);
/** Streams with two parties, in which the buyer's own input may stand. */
const buyerCategories = new Set(['purchase', 'instance', 'operation', 'credential', 'health']);
/** The buyer's own input. */
const buyerFields = new Set(['parameters', 'secrets']);

export function sightOf({ tenant, role, platformWide }: Viewer, { tenants, category }: HistoryEntry): Sight {
  if (role === 'operator') return 'metadata';
  if (role === 'auditor' && platformWide) return 'everything';
  if (!tenants.includes(tenant)) return 'nothing';
  switch (role) {
    case 'auditor':
    case 'buyer':
      return 'everything';
    case 'provider':
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
      return withoutBuyerFields(data) as object;
    case 'metadata':
    case 'nothing':
      return undefined;
  }
}

function withoutBuyerFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutBuyerFields);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !buyerFields.has(name))
      .map(([name, content]) => [name, withoutBuyerFields(content)]),
  );
}
