import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { RunningSim } from '../testing/running-sim';

/** Not a dependency: used where it is installed. */
const KUBECTL = 'kubectl';
const present = spawnSync(KUBECTL, ['version', '--client']).status === 0;
if (!present) process.stdout.write('kubectl.spec.ts: skipped, since kubectl is not installed here\n');

const MANIFEST = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
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
`;

(present ? describe : describe.skip)('kubectl, unmodified', () => {
  let running: RunningSim;
  beforeAll(async () => {
    running = await RunningSim.start();
    await kubectl(['create', 'namespace', 'shop']);
  });
  afterAll(() => running.stop());

  const kubectl = async (args: string[], input = ''): Promise<string> => {
    const child = spawn(KUBECTL, args, { env: { ...process.env, KUBECONFIG: running.cluster.kubeconfigPath } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stdin.end(input);
    const [code] = (await once(child, 'close')) as [number];
    if (code !== 0) throw new Error(output);
    return output;
  };

  it.each([[[]], [['--server-side', '--force-conflicts']]])(
    'applies twice, the second time changing nothing, with %j',
    async (flags) => {
      await kubectl(['apply', '-f', '-', ...flags], MANIFEST);
      const version = ['get', 'deploy,svc', '-n', 'shop', '-o', 'jsonpath={.items[*].metadata.generation}'];
      await kubectl(['rollout', 'status', 'deploy/web', '-n', 'shop', '--timeout=10s']);
      const before = await kubectl(version);
      await kubectl(['apply', '-f', '-', ...flags], MANIFEST);
      expect(await kubectl(version)).toBe(before);
    },
  );

  it('shows, describes, scales, updates and logs', async () => {
    expect(await kubectl(['get', 'deploy', '-n', 'shop'])).toMatch(/NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2 /);
    expect(await kubectl(['get', 'pods', '-n', 'shop', '-o', 'wide'])).toMatch(/web-\w+-\w+ +1\/1 +Running +0 .* edge-\d/);
    expect(await kubectl(['describe', 'deploy/web', '-n', 'shop'])).toContain('ScalingReplicaSet');
    expect(await kubectl(['describe', 'svc/web', '-n', 'shop'])).toMatch(/Endpoints: +10\.244\./);
    await kubectl(['scale', 'deploy/web', '-n', 'shop', '--replicas=3']);
    await kubectl(['set', 'image', 'deploy/web', 'web=nginx:1.26', '-n', 'shop']);
    await kubectl(['rollout', 'status', 'deploy/web', '-n', 'shop', '--timeout=10s']);
    expect(await kubectl(['logs', 'deploy/web', '-n', 'shop'])).toContain('starting web from nginx:1.26');
  });

  it('creates by its own means, which it sends as protobuf', async () => {
    await kubectl(['create', 'deployment', 'other', '-n', 'shop', '--image=x', '--replicas=2']);
    await kubectl(['create', 'secret', 'generic', 's', '-n', 'shop', '--from-literal=a=b']);
    expect(await kubectl(['get', 'secret', 's', '-n', 'shop', '-o', 'jsonpath={.data.a}'])).toBe('Yg==');
    await kubectl(['create', 'job', 'once', '-n', 'shop', '--image=x']);
    await kubectl(['wait', '--for=condition=complete', 'job/once', '-n', 'shop', '--timeout=10s']);
  });

  it('deletes, and waits until it is gone', async () => {
    expect(await kubectl(['delete', 'namespace', 'shop'])).toContain('deleted');
    expect(await kubectl(['get', 'all', '-n', 'shop'])).toContain('No resources found');
  });
});
