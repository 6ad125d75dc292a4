import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { clusterRoleManifest } from '../src/application/clusters/cluster-access';

const file = join(__dirname, '../../../deploy/edge/clusterrole.yaml');

describe('The role that this platform needs on an edge cluster', () => {
  it('is what deploy/edge/clusterrole.yaml says (anew by SOUK_APPROVE=1)', () => {
    if (process.env['SOUK_APPROVE'] === '1') writeFileSync(file, clusterRoleManifest());
    expect(clusterRoleManifest()).toBe(readFileSync(file, 'utf8'));
  });

  it('names every verb and every resource, and gives no way to more', () => {
    const documents = parseAllDocuments(clusterRoleManifest()).map(
      (document) => document.toJS() as Record<string, unknown> | null,
    );
    const role = documents.find((document) => document?.['kind'] === 'ClusterRole');
    const rules = role!['rules'] as { apiGroups: string[]; resources: string[]; verbs: string[] }[];
    const words = rules.flatMap(({ apiGroups, resources, verbs }) => [...apiGroups, ...resources, ...verbs]);
    for (const forbidden of [
      '*',
      'bind',
      'escalate',
      'impersonate',
      'deletecollection',
      'rbac.authorization.k8s.io',
      'pods/exec',
    ])
      expect(words).not.toContain(forbidden);
    const secrets = rules.find(({ resources }) => resources.includes('secrets'))!;
    expect(secrets.verbs).toEqual(['create', 'delete', 'get', 'list', 'patch', 'watch']);
  });
});
