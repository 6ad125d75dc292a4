import type { Answer } from '../../testing/marketplace.harness';

/** `npm run test:e2e -- --cluster real`: the cluster that KUBECONFIG names; else the simulated one, in which nothing is set to fail. */
export const isReal = process.env['SOUK_TEST_CLUSTER'] === 'real';
export const where = isReal ? 'On the cluster of KUBECONFIG' : 'On the simulated cluster';
/** How long anything may take, images that are pulled included, in milliseconds. */
export const PATIENCE = isReal ? 300_000 : 30_000;

/** Milliseconds on a cluster that pulls images and starts processes, and on the one that pretends to. */
export const inMs = (real: number, simulated: number): number => (isReal ? real : simulated);

/** Between two looks at what is waited for. */
export const PAUSE = inMs(500, 20);

/** The body of a success. */
export function ok({ status, body }: Answer): Answer['body'] {
  if (status >= 400) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
}
