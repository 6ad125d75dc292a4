import type { GroupStats } from '@souk/messaging';

/**
 * A group that takes in nothing is down. What is parked waits for an operator, not for this process.
 * @param isApart the bus needs a broker, which may be away while requests can be answered all the same: then what stands is told, and the process stays
 * in service
 */
export function busDetails(
  groups: readonly GroupStats[],
  isApart: boolean,
): { readonly isUp: boolean; readonly details: Record<string, object> } {
  const standing = groups.filter(({ condition }) => condition !== 'running');
  const parked = groups.filter(({ parkedSubjects }) => parkedSubjects > 0);
  return {
    isUp: isApart || standing.length === 0,
    details: {
      ...(standing.length > 0 && { standing: Object.fromEntries(standing.map(({ group, condition }) => [group, condition])) }),
      ...(parked.length > 0 && {
        parked: Object.fromEntries(parked.map(({ group, parkedSubjects }) => [group, parkedSubjects])),
      }),
    },
  };
}
