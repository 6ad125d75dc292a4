/**
 * What went wrong with a managed resource, in our own words. What its provider answered stays in the log: it may name hosts, accounts and
 * requests that are none of the owner's concern, and what is recorded can't be taken back.
 */
const sentences = {
  'provider-unavailable': 'its provider does not answer, or is busy',
  'provider-refuses': 'its provider refuses what is asked for',
  'outcome-unknown': 'its provider broke off, and what it did by then is not known',
  'provider-failed': 'its provider could not do it',
  'not-in-time': 'it is not there in time',
  'still-there': 'its provider says that it is gone, and still has it',
} as const;

export type TroubleCode = keyof typeof sentences | 'not-offered' | 'change-impossible';

export interface Trouble {
  readonly code: TroubleCode;
  readonly reason: string;
}

export const troubleOf = (code: keyof typeof sentences): Trouble => ({ code, reason: sentences[code] });
