import { type DynamicModule, Global, Module, type OnApplicationShutdown, type Provider } from '@nestjs/common';
import type { PublicHistory } from '@souk/messaging';
import { Clock, Metrics, TokenAuthority, TokenVerifier } from '@souk/platform';
import { SecretVault } from '@souk/secrets';
import { internalPorts } from './internal-ports';
import { Neighbour } from './neighbour';
import { NeighbourHistory } from './neighbour-history';
import { historyPort } from './ports/history';
import { remotePort } from './remote-port';
import { RemoteTokenVerifier } from './remote-token-verifier';
import { clientCalls } from './rpc-metrics';
import type { RpcTls } from './rpc-options';
import { rpcTokenOf } from './rpc-token';

export interface NeighboursOptions {
  /** By service name where it answers internal calls: `host:port`, one or several. A name with several addresses is several replicas. */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
  /** Shown with every call; default: it follows from the vault, which all processes of an installation share. */
  readonly token?: string;
  readonly tls?: RpcTls;
  /** How long a call may take, in milliseconds. Default 5,000. */
  readonly deadlineMs?: number;
}

/** The other services, by name. */
abstract class Neighbours extends Map<string, Neighbour> {}

/**
 * The ports of services that run elsewhere, for a service that is a process of its own: what its application layer injects is the same.
 * Global: imported once, by the process, beside the platform.
 */
@Global()
@Module({})
export class NeighboursModule implements OnApplicationShutdown {
  constructor(private readonly neighbours: Neighbours) {}

  static remote({ addresses, token, tls, deadlineMs = 5_000 }: NeighboursOptions): DynamicModule {
    const ports = internalPorts.filter(({ service }) => service !== undefined && Object.hasOwn(addresses, service));
    const providers: Provider[] = [
      {
        provide: Neighbours,
        inject: [SecretVault, Metrics],
        useFactory: async (vault: SecretVault, metrics: Metrics) => {
          const options = { token: token ?? (await rpcTokenOf(vault)), tls, deadlineMs, observe: clientCalls(metrics) };
          return new Map(Object.entries(addresses).map(([name, all]) => [name, new Neighbour(name, all, options)]));
        },
      },
      ...ports.map((internal) => ({
        provide: internal.port,
        inject: [Neighbours],
        useFactory: (neighbours: Neighbours) => remotePort(internal, neighbours.get(internal.service!)!),
      })),
      {
        provide: NeighbourHistory,
        inject: [Neighbours],
        useFactory: (neighbours: Neighbours) =>
          new NeighbourHistory(
            new Map([...neighbours].map(([name, neighbour]) => [name, remotePort(historyPort, neighbour) as PublicHistory])),
          ),
      },
      ...(Object.hasOwn(addresses, 'authorization') ? [tokenVerifier] : []),
    ];
    return { module: NeighboursModule, providers, exports: providers };
  }

  onApplicationShutdown(): void {
    for (const neighbour of this.neighbours.values()) neighbour.close();
  }
}

const tokenVerifier: Provider = {
  provide: TokenVerifier,
  inject: [TokenAuthority, Neighbours, Clock],
  useFactory: (authority: TokenAuthority, neighbours: Neighbours, clock: Clock) =>
    new RemoteTokenVerifier(authority, neighbours.get('authorization')!, clock),
};
