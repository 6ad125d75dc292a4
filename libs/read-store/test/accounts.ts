import { randomUUID } from 'node:crypto';
import type { DomainEvent, EventToAppend, Projection } from '@souk/event-sourcing';

/** A small domain for the specs of projections: money that moves between accounts. */
export type AccountEvent =
  | DomainEvent<'AccountOpened', { owner: string }>
  | DomainEvent<'MoneyMoved', { to: string; amount: number }>
  | DomainEvent<'AccountClosed', Record<string, never>>;

export interface Balance {
  readonly id: string;
  readonly owner: string;
  readonly amount: number;
  readonly moves: number;
}

/** One document for each account; a move touches two of them. */
export const balances: Projection<Balance, AccountEvent> = {
  name: 'balances',
  version: 1,
  streamPrefixes: ['account-'],
  indexes: { byAmount: ['amount'], byOwner: ['owner', 'amount'] },
  keys: (event) => {
    const id = event.stream.slice('account-'.length);
    return event.type === 'MoneyMoved' ? [id, event.data.to] : [id];
  },
  on: {
    AccountOpened: (balance, { data }, key) => ({ amount: 0, moves: 0, ...balance, id: key, owner: data.owner }),
    MoneyMoved: (balance, { stream, data }, key) => {
      if (!balance) return undefined;
      const amount = (key === data.to ? data.amount : 0) - (stream === `account-${key}` ? data.amount : 0);
      return { ...balance, amount: balance.amount + amount, moves: balance.moves + 1 };
    },
    AccountClosed: () => undefined,
  },
};

export interface Turnover {
  readonly moved: number;
  readonly events: number;
}

/** One document for everything. */
export const turnover: Projection<Turnover, AccountEvent> = {
  name: 'turnover',
  version: 1,
  streamPrefixes: ['account-'],
  indexes: {},
  keys: () => ['all'],
  on: {
    AccountOpened: 'ignored',
    AccountClosed: 'ignored',
    MoneyMoved: (all = { moved: 0, events: 0 }, { data }) => ({ moved: all.moved + data.amount, events: all.events + 1 }),
  },
};

/** Reads streams that the other two do not. */
export const notes: Projection<{ readonly text: string }, DomainEvent<'NoteTaken', { text: string }>> = {
  name: 'notes',
  version: 1,
  streamPrefixes: ['note-'],
  indexes: { byText: ['text'] },
  on: { NoteTaken: (_, { data }) => ({ text: data.text }) },
};

export function toAppend(event: DomainEvent): EventToAppend {
  const actor = { kind: 'system', id: 'spec' } as const;
  const metadata = { commandId: randomUUID(), correlationId: 'spec', causationId: 'spec', actor, tenants: [], schemaVersion: 1 };
  return { id: randomUUID(), ...event, metadata };
}

export const opened = (owner: string): AccountEvent => ({ type: 'AccountOpened', data: { owner } });
export const moved = (to: string, amount: number): AccountEvent => ({ type: 'MoneyMoved', data: { to, amount } });
export const closed: AccountEvent = { type: 'AccountClosed', data: {} };
export const noteTaken = (text: string): DomainEvent => ({ type: 'NoteTaken', data: { text } });
