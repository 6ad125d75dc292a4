import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { writeFileDurably } from './store/durable-file';

/** The bearer token of the cluster's only user; made at the first start, kept in `token` (0600) since. */
export const accessToken = (folder: string): string => {
  const file = join(folder, 'token');
  try {
    const token = readFileSync(file, 'utf8').trim();
    if (token !== '') return token;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const token = randomBytes(32).toString('base64url');
  writeFileDurably(file, `${token}\n`);
  return token;
};

/** A kubeconfig for this cluster, as kubectl and the client libraries read it. */
export const kubeconfigText = (server: string, token: string): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    // The official Node client takes plain HTTP only where TLS need not be verified.
    clusters: [{ name: 'souk-sim', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'souk-sim', user: { token } }],
    contexts: [{ name: 'souk-sim', context: { cluster: 'souk-sim', user: 'souk-sim', namespace: 'default' } }],
    'current-context': 'souk-sim',
  });
