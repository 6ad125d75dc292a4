// `npm run test:e2e`: the specs of the whole over HTTP. With `-- --cluster real`, on the cluster that KUBECONFIG names: those in which a cluster does nothing
// wrong on purpose. Other arguments go to jest.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfNeeded } from './build.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const args = process.argv.slice(2);
const at = args.indexOf('--cluster');
const [, cluster = 'simulated'] = at < 0 ? [] : args.splice(at, 2);
if (cluster !== 'simulated' && cluster !== 'real') {
  console.error('usage: npm run test:e2e [-- --cluster simulated|real]     real: the cluster that KUBECONFIG names');
  process.exit(2);
}
const { KUBECONFIG } = process.env;
if (cluster === 'real' && (KUBECONFIG === undefined || !existsSync(KUBECONFIG))) {
  console.error(`--cluster real needs KUBECONFIG, the file of one cluster${KUBECONFIG ? `; there is no ${KUBECONFIG}` : ''}`);
  process.exit(2);
}
if (cluster === 'real')
  console.log(
    'specs in which the cluster itself fails, hangs or is watched over by a test run on the simulated one only: npm run test:e2e',
  );
buildIfNeeded();
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
    cluster === 'real' ? 'test/any-cluster/.*\\.e2e\\.spec' : '\\.e2e\\.spec',
    ...args,
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, SOUK_TEST_CLUSTER: cluster } },
);
process.exit(status ?? 1);
