import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestMarketplace } from '../testing';

const root = join(__dirname, '../../..');
const missing = ['bash', 'curl', 'jq', 'openssl', 'xxd'].filter((tool) => spawnSync('which', [tool]).status !== 0);
const withTools = missing.length === 0 ? describe : describe.skip;
if (missing.length > 0) console.warn(`the docs are not tried out: this machine has no ${missing.join(', ')}`);

/** A page's shell blocks as a script that stops at the first command that fails, against that marketplace. */
function scriptOf(page: string, { url, operator, dataDir }: TestMarketplace): string {
  const blocks = [...readFileSync(join(root, 'docs', page), 'utf8').matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!);
  return ['set -euo pipefail', ...blocks]
    .join('\n')
    .replaceAll(/^URL=.*$/gm, `URL=${url}`)
    .replaceAll(/^OPERATOR=.*$/gm, `OPERATOR=${operator.token}`)
    .replaceAll('data/cluster-sim', `${dataDir}/cluster-sim`)
    .replaceAll(/^kubectl .*$/gm, '');
}

function run(script: string): Promise<{ readonly code: number | null; readonly printed: string }> {
  const child = spawn('bash', ['-c', script], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  const read = (chunk: Buffer) => (printed += chunk.toString());
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, printed })));
}

withTools('The docs', () => {
  let marketplace: TestMarketplace;
  beforeEach(async () => {
    marketplace = await TestMarketplace.start();
  });
  afterEach(() => marketplace.stop());

  it.each(['first-app.md', 'api.md'])('%s can be followed to the letter', async (page) => {
    const { code, printed } = await run(scriptOf(page, marketplace));
    expect(code === 0 ? 'worked' : printed).toBe('worked');
  });
});
