import { parsePosition, type Position } from '@souk/event-sourcing';

/** Commit and prepare position of the protocol, both the same: the ordinal. */
export function ordinalOf(position: Position): string {
  return String(parsePosition(position)?.ordinal ?? 0n);
}
