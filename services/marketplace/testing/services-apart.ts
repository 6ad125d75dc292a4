import { join } from 'node:path';
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { freePorts } from '@souk/event-sourcing/testing';
import { createHttpApplication, listen, PlatformModule, type ServiceDefinition } from '@souk/platform';
import { NeighboursModule, type RpcServerOptions, serveNeighbours } from '@souk/rpc';
import { AppCatalogModule, appCatalog } from '../../app-catalog/src/app-catalog.module';
import { appCatalogRpc } from '../../app-catalog/src/edges/app-catalog.rpc';
import { authorization, AuthorizationModule } from '../../authorization/src/authorization.module';
import { authorizationRpc } from '../../authorization/src/edges/authorization.rpc';
import { deployment, DeploymentModule } from '../../deployment/src/deployment.module';
import { deploymentRpc } from '../../deployment/src/edges/deployment.rpc';
import { orchestrationRpc } from '../../orchestration/src/edges/orchestration.rpc';
import { orchestration, OrchestrationModule } from '../../orchestration/src/orchestration.module';
import { releaseRpc } from '../../release/src/edges/release.rpc';
import { release, ReleaseModule } from '../../release/src/release.module';

interface Part {
  readonly definition: ServiceDefinition;
  /** @param dataDir folder of its own */
  readonly module: (dataDir: string) => Type | DynamicModule;
  readonly rpc: Parameters<typeof serveNeighbours>[1];
}

const parts = {
  'app-catalog': { definition: appCatalog, module: () => AppCatalogModule, rpc: appCatalogRpc },
  orchestration: { definition: orchestration, module: () => OrchestrationModule, rpc: orchestrationRpc },
  release: { definition: release, module: () => ReleaseModule.with({ mode: 'simulated', networks: [] }), rpc: releaseRpc },
  authorization: { definition: authorization, module: () => AuthorizationModule, rpc: authorizationRpc },
  deployment: {
    definition: deployment,
    module: (dataDir) =>
      DeploymentModule.with({
        simulatedKubeconfig: join(dataDir, 'cluster-sim', 'kubeconfig.yaml'),
        apiUrl: 'http://127.0.0.1:3000',
      }),
    rpc: deploymentRpc,
  },
} satisfies Record<string, Part>;

export type Apart = keyof typeof parts;

/**
 * Services that share nothing, each an application of its own with stores of its own, as if each were a process: what one of them wants to
 * know of another goes by gRPC over loopback. Public events don't travel.
 */
export class ServicesApart {
  readonly apps = new Map<Apart, NestFastifyApplication>();
  readonly urls = new Map<Apart, string>();
  private readonly ports = new Map<Apart, number>();

  private constructor(
    private readonly directory: string,
    private readonly deadlineMs: number,
  ) {}

  static async start(directory: string, { deadlineMs = 5_000 } = {}): Promise<ServicesApart> {
    const services = new ServicesApart(directory, deadlineMs);
    const names = Object.keys(parts) as Apart[];
    const ports = await freePorts(names.length);
    names.forEach((name, i) => services.ports.set(name, ports[i]!));
    for (const name of names) await services.start(name);
    return services;
  }

  /** Again, on the same stores and the same internal port. */
  async start(name: Apart): Promise<void> {
    const { definition, module, rpc }: Part = parts[name];
    const others = [...this.ports].filter(([other]) => other !== name);
    const addresses = Object.fromEntries(others.map(([other, port]) => [other, [`127.0.0.1:${port}`]]));
    const token = 'the token of these services';
    const dataDir = join(this.directory, name);
    const root = {
      module: Alone,
      imports: [
        PlatformModule.embedded({ dataDir, logLevel: 'silent', services: [definition] }),
        NeighboursModule.remote({ addresses, token, deadlineMs: this.deadlineMs }),
        module(dataDir),
      ],
    };
    const app = await createHttpApplication(root, '0.0.0-test');
    const options: RpcServerOptions = { host: '127.0.0.1', port: this.ports.get(name)!, token };
    serveNeighbours(app, rpc, options);
    this.urls.set(name, `http://127.0.0.1:${await listen(app, 0, '127.0.0.1')}`);
    this.apps.set(name, app);
  }

  async stop(name: Apart): Promise<void> {
    await this.apps.get(name)?.close();
    this.apps.delete(name);
  }

  async stopAll(): Promise<void> {
    for (const name of [...this.apps.keys()]) await this.stop(name);
  }
}

@Module({})
class Alone {}
