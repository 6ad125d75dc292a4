import type { DomainEvent } from './event';
import type { Steps } from './steps';

/**
 * The rules of one aggregate: pure functions without clock, randomness or I/O; `now` and new ids travel in the command.
 * `decide` answers facts, throws a `DomainError`, or answers `[]` for a repeat. `evolve` is total and never rejects.
 * After Jérémie Chassaing's "Functional Event Sourcing Decider" (2021).
 */
export interface Decider<State, Command, Event extends DomainEvent> {
  readonly initial: State;
  decide(command: Command, state: State): readonly Event[];
  evolve(state: State, event: Event): State;
}

/** Fields of an event's data that are personal: kept encrypted under the key of that tenant, gone when the key is destroyed. */
export interface PersonalFields<Data> {
  readonly fields: readonly (keyof Data & string)[];
  readonly tenant: (data: Data) => string;
}

/** Turns data of schema version n into data of version n + 1. */
export type Upcaster = (data: never) => object;

/** How one type of event is read and written. Everything is optional: version 1, nothing to upcast, nothing personal. */
export interface EventTypeOptions<Data = never> {
  /** Upcasters from version 1, 2, … in order; the current schema version is their number + 1. */
  readonly upcasters?: readonly Upcaster[];
  readonly personal?: PersonalFields<Data>;
}

/** That an aggregate's streams may get long, and how its state is kept. An aggregate with personal fields can't have them. */
export interface Snapshots<State> {
  /**
   * Of `evolve` and of the shape of the state; counts up whenever the same events lead to another state than before. States of another
   * version are not looked at any more. A new upcaster is noticed without it.
   */
  readonly version: number;
  /** Events to read after a snapshot before there is another one. Default 100. */
  readonly every?: number;
  /** For a state that is not made of plain values, arrays, Maps and Sets, or that is shorter said otherwise. Default: the state itself. */
  readonly form?: {
    pack(state: State): unknown;
    unpack(packed: never): State;
  };
}

/** A decider with its place in the store. */
export interface Aggregate<State, Command, Event extends DomainEvent> extends Decider<State, Command, Event> {
  /** Category of its streams, without dash: stream = `${category}-${id}`. */
  readonly category: string;
  /** Every type of event this aggregate writes; the value says what is special about it. */
  readonly eventTypes: { readonly [T in Event['type']]: EventTypeOptions<Extract<Event, { type: T }>['data']> };
  /**
   * For commands about much at once: works out in steps what `decide` is going to ask for, and keeps it where `decide` finds it. Decides
   * nothing, and throws nothing.
   */
  prepare?(command: Command, state: State): Steps<void>;
  /** For streams that get long. Without: folded from the start each time. */
  readonly snapshots?: Snapshots<State>;
  /** Tenants that are a party to what happened, from the state after the event. */
  tenants(state: State): readonly string[];
}

/** State after these events. */
export function fold<State, Event extends DomainEvent>(
  decider: Pick<Decider<State, never, Event>, 'initial' | 'evolve'>,
  events: Iterable<Event>,
): State {
  let state = decider.initial;
  for (const event of events) state = decider.evolve(state, event);
  return state;
}
