import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels: Readonly<Record<string, string>> };
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what a test asserts on, not what it is typed by
  readonly [field: string]: any;
}

export const chartFolder = join(__dirname, '../helm/souk');
const root = join(__dirname, '../..');

/** How charts can be rendered here; `undefined`, with the reason on standard output, where they cannot. */
export function renderer(): ((values: object) => readonly Manifest[]) | undefined {
  if (run('helm', ['version']).ok) return (values) => render(values, (file) => mustRun('helm', helmArguments(file)));
  const built = builtRenderer();
  if (built === undefined) return undefined;
  return (values) => render(values, (file) => mustRun(built, [chartFolder, 'shop', 'souk', file]));
}

function helmArguments(file: string): string[] {
  return ['template', 'shop', chartFolder, '--namespace', 'souk', '--values', file];
}

/** `deploy/testing/render`, compiled. Sprig is where Debian's packages put it. */
function builtRenderer(): string | undefined {
  const gopath = '/usr/share/gocode';
  if (!run('go', ['version']).ok || !existsSync(join(gopath, 'src/github.com/Masterminds/sprig'))) {
    process.stdout.write('chart.spec.ts: not rendered, since neither helm nor go with sprig is installed here\n');
    return undefined;
  }
  const folder = join(root, 'node_modules/.cache/souk');
  mkdirSync(folder, { recursive: true });
  const binary = join(folder, 'render-chart');
  const environment = { ...process.env, GO111MODULE: 'off', GOPATH: gopath, GOCACHE: join(folder, 'go') };
  const { status, stderr } = spawnSync('go', ['build', '-o', binary, '.'], {
    cwd: join(__dirname, 'render'),
    env: environment,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the renderer does not compile: ${stderr}`);
  return binary;
}

function render(values: object, command: (valuesFile: string) => string): readonly Manifest[] {
  const folder = mkdtempSync(join(tmpdir(), 'souk-chart-'));
  try {
    const file = join(folder, 'values.yaml');
    writeFileSync(file, stringify(values));
    const documents = parseAllDocuments(command(file)) as readonly { toJS(): unknown }[];
    return documents.map((document) => document.toJS()).filter((one): one is Manifest => one !== null);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function mustRun(command: string, args: readonly string[]): string {
  const { ok, output } = run(command, args);
  if (!ok) throw new Error(`${command} failed: ${output}`);
  return output;
}

function run(command: string, args: readonly string[]): { readonly ok: boolean; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 32 << 20 });
  return { ok: status === 0, output: status === 0 ? stdout : stderr };
}
