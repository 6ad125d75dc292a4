import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { RunningSim } from '../testing/running-sim';

/** Not a dependency: used where it is installed. `KUBECTL` may name more of them, separated as in `PATH`. */
const candidates = [
  ...(process.env['KUBECTL'] ?? '').split(delimiter),
  ...(process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'kubectl')),
  '/usr/bin/kubectl',
];
const installed = [...new Set(candidates.filter((path) => path !== '' && existsSync(path)).map((path) => realpathSync(path)))];

const versionOf = (kubectl: string): string | undefined => {
  const { status, stdout } = spawnSync(kubectl, ['version', '--client', '-o', 'json'], { encoding: 'utf8' });
  return status === 0 ? (JSON.parse(stdout) as { clientVersion: { gitVersion: string } }).clientVersion.gitVersion : undefined;
};
const found = installed.flatMap((kubectl): [string, string][] => {
  const version = versionOf(kubectl);
  return version === undefined ? [] : [[version, kubectl]];
});
process.stdout.write(
  found.length > 0
    ? `kubectl.spec.ts: with ${found.map(([version, path]) => `${path} ${version}`).join(', ')}\n`
    : 'kubectl.spec.ts: skipped, since kubectl is not installed here\n',
);

const MANIFEST = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.25", ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  serviceName: db
  replicas: 1
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: "mysql:8", volumeMounts: [{name: data, mountPath: /data}]}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: once, namespace: shop}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: busybox}]}}}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: limits, namespace: shop}
spec: {hard: {pods: "20"}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
`;

(found.length > 0 ? describe.each(found) : describe.skip.each([['any', '']]))('kubectl %s, unmodified', (_version, path) => {
  jest.setTimeout(60_000);
  let running: RunningSim;
  const folder = mkdtempSync(join(tmpdir(), 'kubectl-'));
  const manifest = join(folder, 'shop.yaml');
  beforeAll(async () => {
    writeFileSync(manifest, MANIFEST);
    running = await RunningSim.start({ startupMs: 20, terminationMs: 5 });
    await kubectl('create namespace shop');
  });
  afterAll(async () => {
    await running.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Words are separated by blanks; `more` are words that have some. In the namespace of the manifest. */
  const kubectl = async (words: string, ...more: string[]): Promise<string> => {
    const child = spawn(path, ['-n', 'shop', ...words.split(' '), ...more], {
      // Its cache of what the server can do would be shared by all versions of it.
      env: { ...process.env, HOME: folder, KUBECONFIG: running.cluster.kubeconfigPath, EDITOR: 'true' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const [code] = (await once(child, 'close')) as [number];
    if (code !== 0) throw new Error(`kubectl ${words}: ${output}`);
    return output;
  };
  const isRolledOut = (what: string): Promise<string> => kubectl(`rollout status ${what} --timeout=20s`);

  it.each(['', ' --server-side --force-conflicts'])('applies twice, the second time changing nothing: apply%s', async (flags) => {
    await kubectl(`apply -f ${manifest}${flags}`);
    for (const what of ['deploy/web', 'sts/db']) await isRolledOut(what);
    const generations = 'get deploy,sts,job,netpol -o jsonpath={.items[*].metadata.generation}';
    const before = await kubectl(generations);
    await kubectl(`apply -f ${manifest}${flags}`);
    expect(await kubectl(generations)).toBe(before);
  });

  it('says what would change, and what is wrong', async () => {
    await kubectl(`diff -f ${manifest}`);
    await kubectl(`apply --dry-run=server -f ${manifest}`);
    const wrong = join(folder, 'wrong.yaml');
    writeFileSync(wrong, MANIFEST.slice(0, MANIFEST.indexOf('---')).replace('replicas: 2', 'replicas: -1'));
    await expect(kubectl(`apply -f ${wrong}`)).rejects.toThrow('must be greater than or equal to 0');
  });

  it('gets things in every way', async () => {
    expect(await kubectl('get deploy')).toMatch(/NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2 /);
    expect(await kubectl('get pods -l app=web -o wide')).toMatch(/web-\w+-\w+ +1\/1 +Running +0 .* edge-\d/);
    expect(await kubectl('get pods -A --field-selector status.phase=Running --no-headers')).toContain('db-0');
    expect(await kubectl('get sts db -o yaml')).toContain('volumeClaimTemplates:');
    expect(JSON.parse(await kubectl('get pods,svc -o json'))).toMatchObject({ kind: 'List' });
    expect(await kubectl('get pvc,pv,sc,no,ns,quota,netpol -o name')).toContain('storageclass.storage.k8s.io/nas');
    expect(await kubectl('get all')).toMatch(/pod\/db-0[^]*service\/web[^]*deployment.apps\/web[^]*statefulset.apps\/db/);
    await expect(kubectl('get deploy none')).rejects.toThrow('deployments.apps "none" not found');
  });

  it('watches', async () => {
    const child = spawn(path, ['-n', 'shop', 'get', 'cm', '-w', '-o', 'name'], {
      env: { ...process.env, HOME: folder, KUBECONFIG: running.cluster.kubeconfigPath },
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    await kubectl('create cm seen --from-literal=a=b');
    while (!output.includes('configmap/seen')) await once(child.stdout, 'data');
    child.kill();
    await once(child, 'close');
  });

  it.each([
    ['pod -l app=web --show-events', 'Started container web'],
    ['deploy web', 'ScalingReplicaSet'],
    ['svc web', 'Endpoints:'],
    ['sts db', 'create Pod db-0 in StatefulSet db successful'],
    ['job once', 'Completed'],
    ['pvc data-db-0', 'Successfully provisioned volume'],
    ['node edge-1', 'Allocated resources:'],
    ['ns shop', 'Resource Quotas'],
    ['quota limits', 'pods'],
    ['netpol closed', 'Allowing ingress traffic'],
  ])('describes: %s', async (what, line) => {
    expect(await kubectl(`describe ${what}`)).toContain(line);
  });

  it('rolls out, back and anew', async () => {
    await kubectl('set image deploy/web web=nginx:1.26');
    await isRolledOut('deploy/web');
    expect(await kubectl('logs deploy/web')).toContain('starting web from nginx:1.26');
    await kubectl('rollout undo deploy/web');
    await isRolledOut('deploy/web');
    expect(await kubectl('get deploy web -o jsonpath={..image}')).toBe('nginx:1.25');
    await kubectl('set image sts/db db=mysql:9');
    await isRolledOut('sts/db');
    expect(await kubectl('rollout history sts/db')).toMatch(/1 +<none>\n2 +<none>/);
    await kubectl('rollout undo sts/db');
    await isRolledOut('sts/db');
    expect(await kubectl('get sts db -o jsonpath={..image}')).toBe('mysql:8');
    await kubectl('rollout restart deploy/web sts/db');
    for (const what of ['deploy/web', 'sts/db']) await isRolledOut(what);
  });

  it('changes things', async () => {
    await kubectl('scale deploy/web sts/db --replicas=3');
    for (const what of ['deploy/web', 'sts/db']) await isRolledOut(what);
    await kubectl('label deploy web tier=front');
    await kubectl('annotate deploy web note=this', '--overwrite');
    await kubectl('patch deploy web -p', '{"spec":{"replicas":2}}');
    await kubectl('patch deploy web --type=json -p', '[{"op":"add","path":"/metadata/labels/x","value":"y"}]');
    await kubectl('edit deploy web');
    expect(await kubectl('get deploy -l tier=front,x=y -o jsonpath={..spec.replicas}')).toBe('2');
  });

  it('creates by its own means, which it sends as protobuf', async () => {
    await kubectl('create deployment other --image=x');
    await kubectl('create secret generic s --from-literal=a=b');
    expect(await kubectl('get secret s -o jsonpath={.data.a}')).toBe('Yg==');
    await kubectl('create job more --image=x');
    await kubectl('wait --for=condition=complete job/more --timeout=20s');
    await kubectl('run lonely --image=x');
    await kubectl('wait --for=condition=Ready pod/lonely --timeout=20s');
    await kubectl('delete pod lonely --grace-period=0 --force');
  });

  it('looks around', async () => {
    expect(await kubectl('get events --sort-by=.lastTimestamp')).toContain('ScalingReplicaSet');
    expect(await kubectl('cluster-info')).toContain('is running at');
    expect(await kubectl('api-resources')).toMatch(/statefulsets +sts/);
    expect(await kubectl('version')).toContain('v1.32');
    expect(await kubectl('auth can-i create pods')).toContain('yes');
  });

  it('moves what runs on a host', async () => {
    await kubectl('drain edge-1 --ignore-daemonsets --force --timeout=20s');
    expect(await kubectl('get pods --field-selector spec.nodeName=edge-1,status.phase=Running -o name')).toBe('');
    await kubectl('uncordon edge-1');
  });

  it('deletes, and waits until it is gone', async () => {
    await kubectl('delete deploy other --cascade=foreground');
    await kubectl('delete sts db --cascade=orphan');
    expect(await kubectl('get pod db-0 -o name')).toContain('pod/db-0');
    await kubectl('delete pods -l app=db');
    await kubectl('delete svc,job,netpol --all');
    expect(await kubectl('delete namespace shop')).toContain('deleted');
    expect(await kubectl('get all')).toContain('No resources found');
  });
});
