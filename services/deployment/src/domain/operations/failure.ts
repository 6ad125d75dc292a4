import type { FailureCode } from './failure-code';
import type { WaitCode } from './operation.events';

/** What an operation could not do: its class, the node that it is about, and a sentence for people. */
export interface Failure {
  readonly code: FailureCode;
  readonly node?: string;
  readonly reason: string;
}

/** A node that did not come up in time, and what it says about itself. */
export interface LateNode {
  readonly name: string;
  readonly category: string;
  readonly image: string;
  readonly waited: number;
  readonly wait: { readonly code: WaitCode; readonly reason: string };
}

/** Waits that are the normal course of a start until time is up. */
const failureOfWait: Readonly<Record<WaitCode, FailureCode>> = {
  starting: 'never-ready',
  'not-ready': 'never-ready',
  'does-not-fit': 'does-not-fit',
  'image-not-pulled': 'image-not-pulled',
  'crash-loop': 'crash-loop',
  'cannot-start': 'cannot-start',
  'quota-exceeded': 'quota-exceeded',
  'being-provided': 'never-ready',
  'being-removed': 'cloud-refused',
};

/** Names the node, its image, how long was waited, and what of. */
export function tooLate({ name, category, image, waited, wait }: LateNode): Failure {
  const verb = category === 'init' ? 'complete' : 'become ready';
  const what = wait.reason.includes(`"${image}"`) ? wait.reason : `${wait.reason} (image "${image}")`;
  return {
    code: failureOfWait[wait.code],
    node: name,
    reason: `node "${name}" did not ${verb} within ${inWords(waited)}: ${what}`,
  };
}

export const unstable = (node: string, wait: string): Failure => ({
  code: 'unstable',
  node,
  reason: `node "${node}" does not stay ready: ${wait}`,
});

/** @param exit what its process ended with */
export const initFailed = (node: string, exit: string): Failure => ({
  code: 'init-failed',
  node,
  reason: `init node "${node}" failed: ${exit}; it is not run again unless somebody asks for another operation`,
});

/** @param reason in the words of the provider */
export const cloudRefused = (node: string, reason: string): Failure => ({
  code: 'cloud-refused',
  node,
  reason: `cloud node "${node}" can't be had: ${reason}`,
});

/** @param why it does not go, where that is known */
export const stillThere = (node: string, waited: number, why = 'nothing is said of why'): Failure =>
  cloudRefused(node, `the resource that it had before was not gone within ${inWords(waited)}: ${why}`);

/** @param names of the credentials that there are */
export const credentialMissing = (node: string, cloud: string, field: string, names: readonly string[]): Failure => ({
  code: 'credential-missing',
  node,
  reason: `node "${node}" refers to "\${node.${cloud}.${field}}", but there are only ${names.join(', ') || 'no credentials'}`,
});

function inWords(ms: number): string {
  if (ms < 1000) return `${ms} ms`;
  return ms < 120_000 ? `${Math.round(ms / 1000)} seconds` : `${Math.round(ms / 60_000)} minutes`;
}
