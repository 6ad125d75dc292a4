import type { Actor } from '@souk/event-sourcing';

/** Travels with every call from one service to another: on whose behalf, and in which chain of causes. */
export interface CallContext {
  /** Derived by the caller, so that a repeated call has one effect. */
  readonly commandId: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly actor: Actor;
  readonly reason?: string;
}

/** Who asks a question: a tenant in a role. */
export interface Caller {
  readonly tenant: string;
  readonly role: Role;
}

export const roles = ['provider', 'buyer', 'operator', 'auditor', 'billing'] as const;
export type Role = (typeof roles)[number];
