import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Role } from '@souk/contracts';
import { type ClusterSim, type ClusterSimConfig, startClusterSim } from '@souk/cluster-sim';
import type { MarketplaceConfig } from '../src/config';
import { type RunningMarketplace, startMarketplace } from '../src/marketplace';

/** An answer, whatever its status. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- bodies are what a test asserts on, not what it is typed by
  readonly body: any;
}

/** One user's view of a running marketplace, over real HTTP. */
export class TestUser {
  private position: string | undefined;

  constructor(
    private readonly url: string,
    readonly token: string | undefined,
    readonly tenant: string,
  ) {}

  async get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    const separator = path.includes('?') ? '&' : '?';
    return this.request('GET', this.position ? `${path}${separator}atLeast=${this.position}` : path, undefined, headers);
  }
  post(path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('POST', path, body, headers);
  }
  put(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('PUT', path, body, headers);
  }
  patch(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('PATCH', path, body, headers);
  }
  delete(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('DELETE', path, undefined, headers);
  }

  /** `body` may be text, which is sent as it is. */
  async request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(this.token && { authorization: `Bearer ${this.token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    this.position = response.headers.get('x-event-position') ?? this.position;
    const text = await response.text();
    const isJson = /json(;|$)/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, body: isJson && text ? JSON.parse(text) : text };
  }

  /** Asks again, at once or after a pause, until the answer holds; what is waited for is a fact, not a time. */
  async until(path: string, holds: (body: Answer['body']) => boolean, withinMs = 15_000, pauseMs = 0): Promise<Answer['body']> {
    for (const end = Date.now() + withinMs; ;) {
      const { status, body } = await this.get(path);
      if (status < 400 && holds(body)) return body;
      if (Date.now() > end) throw new Error(`GET ${path} did not come to what was waited for: ${status} ${JSON.stringify(body)}`);
      await (pauseMs > 0 ? setTimeout(pauseMs) : setImmediate());
    }
  }
}

export interface TestMarketplaceOptions
  extends Pick<MarketplaceConfig, 'clock' | 'grpc'>, Partial<Pick<MarketplaceConfig, 'registries'>> {
  readonly deployment?: Partial<MarketplaceConfig['deployment']>;
  readonly cluster?: Partial<ClusterSimConfig>;
}

/** A marketplace with its simulated cluster, in this process, in a folder of its own. */
export class TestMarketplace {
  private constructor(
    readonly running: RunningMarketplace,
    readonly dataDir: string,
    readonly operator: TestUser,
    readonly cluster: ClusterSim,
  ) {}

  static async start({ cluster: simulated, deployment, ...options }: TestMarketplaceOptions = {}): Promise<TestMarketplace> {
    const dataDir = await mkdtemp(join(tmpdir(), 'souk-e2e-'));
    let sim: ClusterSim | undefined;
    const cluster = {
      start: async () => {
        sim = await startClusterSim({ dataDir, ...(simulated && { config: simulated }) });
      },
      stop: async () => sim?.stop(),
    };
    const config = {
      port: 0,
      host: '127.0.0.1',
      dataDir,
      logLevel: process.env['LOG_LEVEL'] ?? 'silent',
      deployment: { nodeTimeoutMs: 600_000, ...deployment },
      newOperatorToken: false,
      registries: { mode: 'simulated', networks: [] } as const,
      ...options,
    };
    const running = await startMarketplace(config, '0.0.0-test', cluster);
    const operator = new TestUser(running.url, running.bootstrapToken, 'platform');
    return new TestMarketplace(running, dataDir, operator, sim!);
  }

  get url(): string {
    return this.running.url;
  }

  nobody(): TestUser {
    return new TestUser(this.url, undefined, '');
  }

  /** A new tenant with one user in that role, signed in. */
  async newTenant(name: string, role: Role): Promise<TestUser> {
    const { tenantId } = (await this.operator.post('/v1/tenants', { name })).body;
    return this.newUser(tenantId, role);
  }

  async newUser(tenantId: string, role: Role): Promise<TestUser> {
    const { userId } = (await this.operator.post(`/v1/tenants/${tenantId}/users`, { displayName: `${role} user`, role })).body;
    const { accessToken } = (await this.operator.post(`/v1/users/${userId}/tokens`)).body;
    return new TestUser(this.url, accessToken, tenantId);
  }

  async stop(): Promise<void> {
    await this.running.close();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
