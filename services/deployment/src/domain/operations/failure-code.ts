/** Why an operation fails or turns back. `unknown`: it was not kept. */
export type FailureCode =
  | 'image-not-pulled'
  | 'never-ready'
  | 'crash-loop'
  | 'does-not-fit'
  | 'cannot-start'
  | 'quota-exceeded'
  | 'unstable'
  | 'init-failed'
  | 'refused'
  | 'cloud-refused'
  | 'credential-missing'
  | 'address-pool-exhausted'
  | 'host-network-not-granted'
  | 'host-path-not-granted'
  | 'unknown';

/** Of how failures were told before they had a code: first match, from the particular to the general. */
const wording: readonly (readonly [RegExp, FailureCode])[] = [
  [/^init node ".*" failed:/s, 'init-failed'],
  [/^the cluster refuses /, 'refused'],
  [/does not stay ready/, 'unstable'],
  [/can't be pulled/, 'image-not-pulled'],
  [/no host has room|nodes are available/, 'does-not-fit'],
  [/crashes again and again/, 'crash-loop'],
  [/can't be started/, 'cannot-start'],
  [/exceeded quota|refuses to make its pods/, 'quota-exceeded'],
  [/did not (become ready|complete)/, 'never-ready'],
];

/** The class of a failure of which only the sentence was kept. */
export function failureCodeOf(reason: string): FailureCode {
  return wording.find(([pattern]) => pattern.test(reason))?.[1] ?? 'unknown';
}
