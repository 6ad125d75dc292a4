import type { Position } from '@souk/event-sourcing';
import type { SubjectLanes } from './subject-lanes';

/** A message that was not handled, and will be tried again or is about to be parked. */
export interface DeliveryFailure {
  readonly group: string;
  /** The message; without id and type when its stream could not be read. */
  readonly event: { readonly subject: string; readonly revision: number; readonly id?: string; readonly type?: string };
  /** Attempts so far, from 1. */
  readonly attempt: number;
  /** What the handler threw, untouched. */
  readonly error: unknown;
  /** `undefined`: not by itself any more, the message is being parked. */
  readonly retryInMs: number | undefined;
}

/** Something of the bus itself went wrong, and will be tried again. */
export interface BusTrouble {
  readonly what: 'subscription' | 'stall' | 'checkpoint' | 'parking' | 'relay' | 'broker';
  readonly group?: string;
  readonly error: unknown;
}

/** How attempts to handle a message ended; `failed` ones are tried again. */
export type DeliveryOutcome = 'handled' | 'failed' | 'parked';

/**
 * - `running`
 * - `broken`: the subscription has ended by itself, and is begun again
 * - `stalled`: nothing was shown or handled for half a minute, though there is something to do
 */
export type GroupCondition = 'running' | 'broken' | 'stalled';

/** One consumer group, for metrics and health. */
export interface GroupStats {
  readonly group: string;
  readonly condition: GroupCondition;
  /** Everything up to here is acknowledged, held or parked; `undefined` before the first event. */
  readonly position: Position | undefined;
  /** Events of the whole store after `position`, whether or not they concern the group, and those held. 0: nothing is left to be done. */
  readonly lag: number;
  /** Subjects with a message that is not acknowledged, and not parked. */
  readonly heldSubjects: number;
  /** Messages not acknowledged, at most: events of held subjects that the group does not handle count as well. */
  readonly heldEvents: number;
  /** Subjects with a parked message. */
  readonly parkedSubjects: number;
  /** Subjects with a message that is tried again. */
  readonly retryingSubjects: number;
  /** Attempts since the start. */
  readonly deliveries: Readonly<Record<DeliveryOutcome, number>>;
}

/** What of the figures is in the lanes. */
export function heldStatsOf(lanes: SubjectLanes): Pick<GroupStats, 'heldSubjects' | 'heldEvents' | 'retryingSubjects'> {
  let heldEvents = 0;
  let retryingSubjects = 0;
  for (const { next, seen, failure } of lanes) {
    heldEvents += seen - next + 1;
    if (failure) retryingSubjects++;
  }
  return { heldSubjects: lanes.size, heldEvents, retryingSubjects };
}
