import type { Answer } from './marketplace.harness';
import { TestMarketplace, type TestUser } from './marketplace.harness';

export interface DangerTrialOptions {
  /** Paths of hosts that are drawn besides those that are known to be tempting. */
  readonly drawn: number;
  /** From 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  readonly log: (line: string) => void;
}

export interface DangerTrialResult {
  /** Workloads and inputs that were tried. */
  readonly tried: number;
  /** Those that were taken where nobody had granted anything, or were refused without a word, each in words. */
  readonly letThrough: readonly string[];
  /** What was taken once it was granted, and how much of that has a fact in the history that says who granted it, and why. */
  readonly exceptions: number;
  readonly traced: number;
  /** Images by tag: whether it is told that they may be others tomorrow. */
  readonly tagsReported: boolean;
}

interface Problems {
  readonly code?: string;
  readonly problems?: readonly { readonly code: string; readonly pointer: string }[];
}

interface HostPath {
  readonly hostPath: string;
  readonly type: string;
}

/** What a workload asks for, and the grant that allows exactly that. */
interface Workload {
  readonly name: string;
  readonly settings: object;
  /** Without one there is nothing that would be enough. */
  readonly grant?: object;
  /** What looks as if it were enough: writing in the folder that it lies in, a device without the privilege that it brings. */
  readonly tooLittle?: object;
  readonly code: string;
}

const nothing = { hostNetwork: false, hostPaths: [], devices: [] };

/**
 * Workloads and inputs that an attacker would try (R13): as a provider, as the owner of a cluster. All of it over the API.
 * @public for faults/r13.fault.mjs, which takes it from what is built
 */
export async function dangerTrial(options: DangerTrialOptions): Promise<DangerTrialResult> {
  const marketplace = await TestMarketplace.start();
  try {
    return await new Trial(await marketplace.newTenant('Harbour', 'provider'), options).run();
  } finally {
    await marketplace.stop();
  }
}

class Trial {
  private readonly letThrough: string[] = [];
  private tried = 0;
  private exceptions = 0;
  private traced = 0;
  private clusterId = '';
  private versionId = '';
  private configurationId = '';

  constructor(
    private readonly owner: TestUser,
    private readonly options: DangerTrialOptions,
  ) {}

  async run(): Promise<DangerTrialResult> {
    const { log } = this.options;
    await this.begin();
    await this.connections();
    log(`${this.tried} ways to reach a cluster were tried`);
    await this.settings();
    for (const workload of this.workloads()) await this.workload(workload);
    log(`${this.tried} workloads and inputs were tried, ${this.exceptions} were granted`);
    const { tried, letThrough, exceptions, traced } = this;
    return { tried, letThrough, exceptions, traced, tagsReported: await this.tellsOfTags() };
  }

  /** An app with a draft, and a cluster of its own, on which nothing is granted. */
  private async begin(): Promise<void> {
    const { owner } = this;
    const app = {
      name: 'Trojan',
      distributionType: 'instance',
      hostingMode: 'edge',
      platforms: ['linux/amd64'],
      summary: 'A gift',
    };
    const { appId } = done(await owner.post('/v1/apps', app));
    this.versionId = done(await owner.post(`/v1/apps/${appId}/initialise`, { versionDescription: 'First' })).versionId as string;
    const configuration = { name: 'standard', hosting: 'edge' };
    const made = done(await owner.post(`/v1/versions/${this.versionId}/configurations`, configuration));
    this.configurationId = made.configurationId as string;
    this.clusterId = done(await owner.post('/v1/clusters', { name: 'mine', ...simulated })).clusterId as string;
  }

  /** Kubeconfigs that run programs, read files or go astray; servers that are no clusters; ranges that are nobody's to give. */
  private async connections(): Promise<void> {
    for (const [name, kubeconfig, code] of kubeconfigs())
      await this.registration(name, { ...simulated, connection: { kind: 'kubeconfig', kubeconfig } }, code);
    for (const range of [
      '127.0.0.1-127.0.0.9',
      '169.254.169.254/32',
      '0.0.0.0/0',
      '224.0.0.0/28',
      '::1/128',
      'fe80::/120',
      '10.0.0.1; rm',
    ])
      await this.registration(`range ${range}`, { ...simulated, serviceAddressRange: range }, 'address-range');
    for (const path of ['/data/../etc', 'data', '/data//x', '/./etc'])
      await this.registration(
        `grant of ${path}`,
        { ...simulated, hostPolicy: { ...nothing, hostPaths: [{ path, readOnly: true }] } },
        '',
      );
  }

  private async registration(name: string, body: object, code: string): Promise<void> {
    for (const path of ['/v1/clusters', '/v1/clusters/checks']) {
      const answer = await this.owner.post(path, { name: 'danger', ...body });
      const { problems = [] } = answer.body as Problems;
      const isRefused = problems.length > 0 && problems.some((problem) => problem.code.startsWith(code));
      this.note(`${name} at ${path}`, isRefused && (path.endsWith('checks') || answer.status === 422), answer);
    }
  }

  /** What no setting leads to: there is no way to say it. */
  private async settings(): Promise<void> {
    const asked = [
      { privileged: true },
      { securityContext: { privileged: true } },
      { capabilities: ['SYS_ADMIN'] },
      { hostPID: true },
      { hostIPC: true },
      { serviceAccountName: 'default' },
      { volumes: [{ hostPath: { path: '/' } }] },
      { nodeName: 'edge-1' },
    ];
    for (const settings of asked) {
      const answer = await this.draw(settings);
      const { problems = [] } = answer.body as Problems;
      this.note(JSON.stringify(settings), answer.status === 422 && problems.some(({ code }) => code === 'unknown-field'), answer);
    }
  }

  /** Refused, then granted by exactly what it asks for, then refused again. */
  private async workload({ name, settings, grant, tooLittle, code }: Workload): Promise<void> {
    const drawn = await this.draw(settings);
    if (drawn.status >= 400) {
      // Not even a provider can draw it.
      this.note(name, drawn.status === 422, drawn);
      return;
    }
    const trial = { name: 'gift', versionId: this.versionId, configuration: 'standard', clusterId: this.clusterId };
    const refused = await this.owner.post('/v1/instances', trial);
    const told = ((refused.body as Problems).problems ?? []).some((problem) => problem.code === code);
    this.note(name, refused.status === 422 && told, refused);
    if (tooLittle) {
      await this.grant({ ...nothing, ...tooLittle }, `not enough for ${name}`);
      const lacking = done(await this.report()) as { problems: { code: string }[] };
      this.note(
        `${name}, with too little`,
        lacking.problems.some((problem) => problem.code === code),
        { body: lacking } as unknown as Answer,
      );
    }
    if (!grant) return;
    await this.grant({ ...nothing, ...grant }, `for ${name}`);
    const { problems } = done(await this.report()) as { problems: { code: string }[] };
    if (problems.length > 0) throw new Error(`${name} is not taken where it is granted: ${JSON.stringify(problems)}`);
    this.exceptions++;
    if (await this.isTraced(`for ${name}`)) this.traced++;
    await this.grant(nothing, 'no more');
    const again = done(await this.report()) as { problems: { code: string }[] };
    this.note(
      `${name}, withdrawn`,
      again.problems.some((problem) => problem.code === code),
      { body: again } as unknown as Answer,
    );
  }

  private report(): Promise<Answer> {
    const { versionId, clusterId } = this;
    return this.owner.post('/v1/resource-reports', { versionId, configuration: 'standard', clusterId });
  }

  /** Every grant that stands now is a fact with an author and a reason. */
  private async isTraced(reason: string): Promise<boolean> {
    const path = `/v1/clusters/${this.clusterId}`;
    const { grants } = (await this.owner.get(path)).body as { grants: { grant: string; grantedBy: string; reason?: string }[] };
    if (grants.length === 0) return false;
    for (const { grant, grantedBy } of grants) {
      const { event } = (await this.owner.until(`/v1/history/${grant}/causes`, () => true)) as {
        event: { type: string; actor: { id: string }; reason?: string };
      };
      // What was granted with too little, and is a part of what is enough, was granted then.
      const isReason = event.reason?.endsWith(reason) ?? false;
      if (event.type !== 'HostPolicyGranted' || event.actor.id !== grantedBy || !isReason) return false;
    }
    return true;
  }

  private async grant(hostPolicy: object, reason: string): Promise<void> {
    const path = `/v1/clusters/${this.clusterId}`;
    const etag = (await this.owner.get(path)).headers.get('etag')!;
    done(await this.owner.patch(path, { hostPolicy, reason }, { 'if-match': etag }));
  }

  private async draw(settings: object): Promise<Answer> {
    const path = `/v1/configurations/${this.configurationId}`;
    const etag = (await this.owner.get(path)).headers.get('etag')!;
    const node = { serviceName: 'web', category: 'custom', image: 'registry.example/gift:latest', ...settings };
    const topology = { nodes: [node], arrows: [], parameters: {}, secrets: {} };
    return this.owner.put(`${path}/topology`, topology, { 'if-match': etag });
  }

  private async tellsOfTags(): Promise<boolean> {
    done(await this.draw({}));
    const path = `/v1/configurations/${this.configurationId}/validation`;
    const { warnings } = done(await this.owner.get(path)) as { warnings: { code: string }[] };
    return warnings.some(({ code }) => code === 'image-unpinned');
  }

  private note(name: string, isRefused: boolean, { status, body }: Answer): void {
    this.tried++;
    if (!isRefused) this.letThrough.push(`${name}: ${status} ${JSON.stringify(body).slice(0, 300)}`);
  }

  private workloads(): Workload[] {
    const { drawn } = this.options;
    const tempting: HostPath[] = [
      ...['/', '/etc', '/proc', '/sys', '/var', '/run', '/root', '/boot', '/var/lib/kubelet', '/var/lib/docker', '/data'].map(
        (hostPath) => ({ hostPath, type: 'Directory' }),
      ),
      ...['/etc/shadow', '/proc/kcore', '/root/.ssh/authorized_keys'].map((hostPath) => ({ hostPath, type: 'File' })),
      ...['/var/run/docker.sock', '/run/docker.sock', '/run/containerd/containerd.sock', '/run/crio/crio.sock'].map(
        (hostPath) => ({
          hostPath,
          type: 'Socket',
        }),
      ),
      ...['/dev/sda', '/dev/nvme0n1'].map((hostPath) => ({ hostPath, type: 'BlockDevice' })),
      ...['/dev/mem', '/dev/kmsg', '/dev/video0'].map((hostPath) => ({ hostPath, type: 'CharDevice' })),
      ...Array.from({ length: drawn }, () => this.drawnPath()),
    ];
    const network = { hostNetwork: true, ports: [{ internal: 8080, external: 8080, protocol: 'TCP' }] };
    return [
      { name: 'the network of the host', settings: network, grant: { hostNetwork: true }, code: 'host-network-not-granted' },
      ...tempting.map(mounting),
    ];
  }

  private drawnPath(): HostPath {
    const { random } = this.options;
    const one = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
    const names = ['etc', 'data', 'app', '.hidden', 'x', 'kubelet', 'sock'];
    const below = Array.from({ length: Math.floor(random() * 3) }, () => one(names));
    const hostPath = ['', one(['etc', 'proc', 'sys', 'srv', 'mnt', 'opt', 'var', 'dev', 'home', 'lib']), ...below].join('/');
    return { hostPath, type: one(['Directory', 'File', 'Socket']) };
  }
}

function mounting({ hostPath, type }: HostPath): Workload {
  const asked = { name: `${type} ${hostPath}`, settings: { hostPaths: [{ containerPath: '/mnt/host', hostPath, type }] } };
  if (hostPath === '/dev') return { ...asked, code: 'host-path-not-granted' };
  const isDevice = hostPath.startsWith('/dev/') || type.endsWith('Device');
  return {
    ...asked,
    grant: isDevice ? { devices: [hostPath], privileged: true } : { hostPaths: [{ path: hostPath, readOnly: false }] },
    ...(hostPath !== '/' && {
      tooLittle: isDevice
        ? { ...(type.endsWith('Device') ? { devices: [hostPath] } : { privileged: true }) }
        : { hostPaths: [{ path: hostPath.replace(/\/[^/]*$/, '') || '/', readOnly: false }] },
    }),
    code: 'host-path-not-granted',
  };
}

const simulated = { connection: { kind: 'simulated' }, platforms: ['linux/amd64'] };

/** Name, text, and how the code of what is wrong with it begins. */
function kubeconfigs(): (readonly [string, string, string])[] {
  const of = (cluster: object, user: object) =>
    JSON.stringify({
      'current-context': 'edge',
      contexts: [{ name: 'edge', context: { cluster: 'edge', user: 'souk' } }],
      clusters: [{ name: 'edge', cluster: { server: 'https://10.0.0.5:6443', ...cluster } }],
      users: [{ name: 'souk', user: { token: 'x', ...user } }],
    });
  const users = [
    { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: '/bin/sh', args: ['-c', 'id'] } },
    { 'auth-provider': { name: 'gcp', config: { 'cmd-path': '/bin/sh' } } },
    { tokenFile: '/etc/shadow' },
    { 'client-certificate': '/etc/ssl/cert.pem' },
    { 'client-key': '/root/.ssh/id_rsa' },
    { username: 'admin', password: 'admin' },
    { as: 'system:admin' },
    { 'client-certificate-data': 'bm8=', 'client-key-data': 'bm8=' },
  ];
  const clusters = [
    { 'insecure-skip-tls-verify': true },
    { 'proxy-url': 'http://169.254.169.254/' },
    { 'certificate-authority': '/etc/passwd' },
    { server: 'http://10.0.0.5:6443' },
    { server: 'file:///etc/passwd' },
    { server: 'https://user:secret@10.0.0.5:6443' },
  ];
  const servers = [
    ...[
      '127.0.0.1',
      'localhost',
      '127.1',
      '2130706433',
      '0x7f000001',
      '0177.0.0.1',
      '0.0.0.0',
      '[::1]',
      '[::]',
      '[::ffff:127.0.0.1]',
    ],
    ...[
      '169.254.169.254',
      '[fe80::1]',
      '[fd00:ec2::254]',
      '100.100.100.200',
      '224.0.0.1',
      '255.255.255.255',
      '[64:ff9b::7f00:1]',
    ],
  ];
  return [
    ...users.map((user) => [`kubeconfig with ${Object.keys(user)[0]!}`, of({}, user), 'kubeconfig'] as const),
    ...clusters.map(
      (cluster) => [`kubeconfig with ${Object.entries(cluster)[0]!.join(' ')}`, of(cluster, {}), 'kubeconfig'] as const,
    ),
    ...servers.map((host) => [`server ${host}`, of({ server: `https://${host}:6443` }, {}), 'kubeconfig'] as const),
    ['kubeconfig that grows', `a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b]\n`, 'kubeconfig'],
    ['no kubeconfig', '\0', ''],
  ];
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers of the API, read field by field
function done({ status, body }: Answer): any {
  if (status >= 400) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
}
