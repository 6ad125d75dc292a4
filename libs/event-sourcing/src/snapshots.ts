import type { EventTypeOptions, Snapshots } from './decider';
import { stateFromJson, stateToJson } from './state-json';

/** What of an aggregate matters here. */
export interface WithSnapshots {
  readonly category: string;
  readonly eventTypes: object;
  readonly snapshots?: Snapshots<unknown>;
}

/** @throws TypeError for a state that cannot be kept */
export function packState<State>(snapshots: Snapshots<State>, state: State): string;
/** `undefined` where that were more characters than `most`. */
export function packState<State>(snapshots: Snapshots<State>, state: State, most: number): string | undefined;
export function packState<State>({ form }: Snapshots<State>, state: State, most = Number.POSITIVE_INFINITY): string | undefined {
  return stateToJson(form ? form.pack(state) : state, most);
}

/** @throws Error of any kind for text that {@link packState} did not make */
export function unpackState<State>({ form }: Snapshots<State>, text: string): State {
  const packed = stateFromJson(text);
  return form ? form.unpack(packed as never) : (packed as State);
}

/** States are good for each other when this is equal: `2`, or `2 NodeApplied.v3` where a type has a later schema. */
export function versionOf(snapshots: Snapshots<unknown>, eventTypes: object): string {
  const upcast = optionsOf(eventTypes).flatMap(([type, { upcasters = [] }]) =>
    upcasters.length > 0 ? [`${type}.v${upcasters.length + 1}`] : [],
  );
  return [`${snapshots.version}`, ...upcast.sort()].join(' ');
}

/**
 * Personal fields are encrypted in events, so that they are gone with their key. A snapshot would keep what they decrypt to.
 * @throws TypeError for an aggregate that has snapshots and personal fields
 */
export function assertNothingPersonal({ category, eventTypes, snapshots }: WithSnapshots): void {
  if (!snapshots) return;
  const personal = optionsOf(eventTypes).find(([, options]) => options.personal !== undefined);
  if (personal) throw new TypeError(`streams of "${category}" can't have snapshots: "${personal[0]}" has personal fields`);
}

function optionsOf(eventTypes: object): [string, EventTypeOptions][] {
  return Object.entries(eventTypes as Readonly<Record<string, EventTypeOptions>>);
}
