import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type Abstract, Module, type Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type ClusterSim, type ClusterSimConfig, startClusterSim } from '@souk/cluster-sim';
import { type CallContext, derivedId, DeploymentCommands, type InstanceRequest, type Role } from '@souk/contracts';
import { derivedUuid } from '@souk/event-sourcing';
import { temporaryFolder } from '@souk/event-sourcing/testing';
import { ClusterConnection, KubernetesCluster, type KubernetesObject, SimulatedClusterConnection } from '@souk/kubernetes';
import { createHttpApplication, listen, PlatformModule, RawEventStore } from '@souk/platform';
import type { DeploymentOptions } from '../src/deployment.module';
import { deployment, DeploymentModule, SharedCluster } from '../src/deployment.module';
import { namespaceOf } from '../src/domain/cluster-object';
import { SecretRotationConsumer } from '../src/edges/secrets/secret-rotation.consumer';
import { Neighbours } from './neighbours';
import { ids } from './sample';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- bodies are what a test asserts on, not what it is typed by
  readonly body: any;
}

type SimOptions = Partial<ClusterSimConfig>;
type Behaviour = ClusterSimConfig['images'][string]['behaviour'];

/** This service on the embedded adapters, with a simulated cluster, in a temporary folder; the other services are in memory. */
export class World {
  readonly neighbours = new Neighbours();
  clusterId: string;
  private readonly folder = temporaryFolder();
  private app: NestFastifyApplication | undefined;
  private url: string;
  private sim: ClusterSim | undefined;
  /** As an operator of the cluster sees it. */
  readonly cluster = new KubernetesCluster(() =>
    new SimulatedClusterConnection(join(this.folder.path, 'cluster-sim', 'kubeconfig.yaml')).endpointOf(),
  );

  static async open(sim: SimOptions = {}, options: Partial<DeploymentOptions> = {}): Promise<World> {
    const world = new World();
    await world.startCluster(sim);
    await world.start(options);
    return world;
  }

  /** Where the cluster listens, and what its user shows. */
  get access(): { readonly url: string; readonly token: string } {
    return this.sim!;
  }

  async startCluster(config: SimOptions = {}): Promise<void> {
    this.sim = await startClusterSim({ dataDir: this.folder.path, config });
  }

  async stopCluster(): Promise<void> {
    await this.sim?.stop();
    this.sim = undefined;
  }

  /** Another cluster, which tells in that file where it listens. Answers its id. */
  async addCluster(name: string, kubeconfigFile: string): Promise<string> {
    const registration = { name, connection: { kind: 'simulated' }, platforms: ['linux/amd64'] };
    const { body } = await this.request('buyer', 'POST', '/v1/clusters', registration);
    const clusterId = body.clusterId as string;
    const [connection, beside] = [this.part(ClusterConnection), new SimulatedClusterConnection(kubeconfigFile)];
    const usual = connection.endpointOf.bind(connection);
    connection.endpointOf = (cluster) => (cluster.clusterId === clusterId ? beside.endpointOf() : usual(cluster));
    return clusterId;
  }

  /** From now on, containers of this image do that: those that run already, too. */
  images(pattern: string, behaviour: Behaviour): Promise<void> {
    return this.simulate(`images/${encodeURIComponent(pattern)}`, { behaviour });
  }

  /** What the cluster's API does wrong from now on. */
  faults(faults: readonly object[]): Promise<void> {
    return this.simulate('faults', { faults });
  }

  /** What somebody else changes on the cluster, as `kubectl edit` would. */
  async byHand(path: string, patch: object): Promise<void> {
    const { url, token } = this.sim!;
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/merge-patch+json' };
    const response = await fetch(url + path, { method: 'PATCH', headers, body: JSON.stringify(patch) });
    if (!response.ok) throw new Error(await response.text());
  }

  /** Which calls this service has made since the cluster started: `patch deployments`. */
  async calls(): Promise<string[]> {
    const { url, token } = this.sim!;
    const response = await fetch(`${url}/sim/v1/requests`, { headers: { authorization: `Bearer ${token}` } });
    const { requests } = (await response.json()) as { requests: { client: string; verb: string; resource: string }[] };
    return requests.filter(({ client }) => client === 'souk').map(({ verb, resource }) => `${verb} ${resource}`);
  }

  private async simulate(path: string, body: object): Promise<void> {
    const { url, token } = this.sim!;
    const response = await fetch(`${url}/sim/v1/${path}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(await response.text());
  }

  async start(options: Partial<DeploymentOptions> = {}): Promise<void> {
    const dataDir = this.folder.path;
    @Module({
      imports: [
        PlatformModule.embedded({ dataDir, logLevel: process.env['LOG_LEVEL'] ?? 'silent', services: [deployment] }),
        this.neighbours.module(),
        DeploymentModule.with({
          simulatedKubeconfig: join(dataDir, 'cluster-sim', 'kubeconfig.yaml'),
          apiUrl: 'http://127.0.0.1:3000',
          ...options,
          ...(options.logDirectory !== undefined && { logDirectory: join(dataDir, 'logs') }),
        }),
      ],
    })
    class TestModule {}
    this.app = await createHttpApplication(TestModule, '0.0.0-test');
    this.url = `http://127.0.0.1:${await listen(this.app, 0, '127.0.0.1')}`;
    this.clusterId = await this.app.get(SharedCluster).register();
  }

  async stop(): Promise<void> {
    await this.app?.close();
    this.app = undefined;
  }

  async close(): Promise<void> {
    await this.stop();
    await this.stopCluster();
    this.cluster.close();
    this.folder.remove();
  }

  /** A part of the service that runs here. */
  part<T>(token: Abstract<T> | Type<T>): T {
    return this.app!.get<T>(token);
  }

  /** What commerce does for a buyer who has paid. Answers the instance's id. */
  async purchase(name: string, request: Partial<InstanceRequest> = {}): Promise<string> {
    const instanceId = derivedId('instance', name);
    const wish: InstanceRequest = {
      instanceId,
      name,
      ownerTenant: ids.buyer,
      versionId: ids.versionId,
      configuration: 'standard',
      clusterId: this.clusterId,
      parameters: { adminEmail: 'ada@example.org' },
      secrets: {},
      purchaseId: 'pur_01J00000000000000000000001',
      ...request,
    };
    await this.app!.get(DeploymentCommands).requestInstance(wish, callOf('purchase', name));
    return instanceId;
  }

  /** The AppSecret is another one now, and this service is told. */
  async rotateSecret(instanceId: string): Promise<void> {
    this.neighbours.credentials.rotate(instanceId);
    await this.tellOfRotation(instanceId);
  }

  /** As the bus does, perhaps more than once. */
  async tellOfRotation(instanceId: string): Promise<void> {
    const { secretVersion } = this.neighbours.credentials.views.get(instanceId)!;
    const event = {
      id: derivedUuid('rotation', instanceId, secretVersion),
      type: 'authorization.app-secret-rotated.v1',
      data: { instanceId, secretVersion, previousValidUntil: new Date().toISOString() },
      soukmetadata: { correlationId: 'rotation' },
    };
    await this.app!.get(SecretRotationConsumer).appSecretRotated(event as never);
  }

  async request(
    role: Role,
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const tenant = role === 'provider' ? ids.provider : ids.buyer;
    return this.send(method, url, body, { authorization: `Bearer ${role}.${tenant}`, ...headers });
  }

  async send(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    body?: object,
    headers: Record<string, string> = {},
    text?: string,
  ): Promise<Answer> {
    const sent = text ?? (body && JSON.stringify(body));
    const response = await fetch(this.url + url, {
      method,
      headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
      ...(sent !== undefined && { body: sent }),
    });
    const answer = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: isJson && answer !== '' ? (JSON.parse(answer) as unknown) : answer,
    };
  }

  /** An answer that goes on. */
  async stream(role: Role, url: string, headers: Record<string, string> = {}) {
    const stop = new AbortController();
    const authorization = `Bearer ${role}.${role === 'provider' ? ids.provider : ids.buyer}`;
    const response = await fetch(this.url + url, { headers: { authorization, ...headers }, signal: stop.signal });
    const chunks = response.body!.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
    let heard = '';
    return {
      /** All of it, as soon as this is in it. */
      until: async (text: string): Promise<string> => {
        while (!heard.includes(text)) {
          const { done, value } = await chunks.next();
          if (done) throw new Error(`the stream has ended without ${text}: ${heard}`);
          heard += value;
        }
        return heard;
      },
      close: () => stop.abort(),
    };
  }

  /** Lays events into the store as an earlier release has written them: in version 1. */
  async written(stream: string, ...events: readonly { readonly type: string; readonly data: object }[]): Promise<void> {
    const metadata = { ...callOf(stream), tenants: [ids.buyer, ids.provider], schemaVersion: 1 };
    const stored = events.map((event) => ({ ...event, id: randomUUID(), metadata }));
    await this.app!.get(RawEventStore).append(stream, 'any', stored);
  }

  /** The instance, as soon as it is so. */
  async until(
    instanceId: string,
    holds: (instance: Answer['body']) => boolean,
    role: Role = 'buyer',
    withinMs = 30_000,
  ): Promise<Answer['body']> {
    for (const end = Date.now() + withinMs; ;) {
      const { body } = await this.request(role, 'GET', `/v1/instances/${instanceId}`);
      if (body.status !== 404 && holds(body)) return body;
      if (Date.now() > end)
        throw new Error(`instance ${instanceId} did not come to what was waited for: ${JSON.stringify(body)}`);
      await new Promise((fulfil) => setTimeout(fulfil, 10));
    }
  }

  /** The record of an operation, as soon as it is so. */
  async record(operationId: string, holds: (operation: Answer['body']) => boolean, withinMs = 30_000): Promise<Answer['body']> {
    for (const end = Date.now() + withinMs; ;) {
      const { body } = await this.request('buyer', 'GET', `/v1/operations/${operationId}`);
      if (body.status !== 404 && holds(body)) return body;
      if (Date.now() > end) throw new Error(`operation did not come to what was waited for: ${JSON.stringify(body, null, 1)}`);
      await new Promise((fulfil) => setTimeout(fulfil, 10));
    }
  }

  /** The instance, once nothing is done to it any more. */
  atRest(instanceId: string): Promise<Answer['body']> {
    return this.until(instanceId, ({ status }) => status === 'running' || status === 'degraded');
  }

  /** Fulfilled when the operation has ended, and the instance knows. */
  async ends({ instanceId, operationId }: { readonly instanceId: string; readonly operationId: string }): Promise<void> {
    await this.stepTaken(operationId, 'OperationSucceeded');
    await this.atRest(instanceId);
  }

  /** Fulfilled when the operation's record has a step of this type. */
  async stepTaken(operationId: string, type: string, withinMs = 30_000): Promise<void> {
    for (const end = Date.now() + withinMs; !(await this.steps(operationId)).includes(type);) {
      if (Date.now() > end) throw new Error(`no ${type} in ${(await this.steps(operationId)).join(', ')}`);
      await new Promise((fulfil) => setTimeout(fulfil, 10));
    }
  }

  reaches(instanceId: string, status: string): Promise<Answer['body']> {
    return this.until(instanceId, (instance) => instance.status === status);
  }

  /** Objects of the instance on the cluster, by `kind/name`. */
  async objects(instanceId: string, ...kinds: readonly string[]): Promise<Map<string, KubernetesObject>> {
    const found = new Map<string, KubernetesObject>();
    for (const kind of kinds) {
      const { items } = await this.cluster.list(kind, { namespace: namespaceOf(instanceId) });
      for (const item of items) found.set(`${kind}/${item.metadata.name}`, item);
    }
    return found;
  }

  /** Types of the steps of an operation, with their nodes. */
  async steps(operationId: string): Promise<string[]> {
    const { body } = await this.request('buyer', 'GET', `/v1/operations/${operationId}`);
    return (body.steps as { type: string; node?: string }[]).map(({ type, node }) =>
      node === undefined ? type : `${type} ${node}`,
    );
  }
}

function callOf(...parts: readonly string[]): CallContext {
  const commandId = derivedUuid(...parts);
  return { commandId, correlationId: commandId, causationId: commandId, actor: { kind: 'billing', id: 'test' } };
}
