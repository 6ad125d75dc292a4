import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { CallContext } from '@souk/contracts';
import { Ending } from '@souk/platform';
import type { Port } from '../src/internal-port';
import { internalPortOf } from '../src/internal-ports';
import { Neighbour } from '../src/neighbour';
import { remotePort } from '../src/remote-port';
import type { RpcTls } from '../src/rpc-options';
import { RpcServer } from '../src/rpc-server';

export const TOKEN = 'the token of this installation';

/** A server of internal calls and those who ask it, over loopback. Calls that have ended are noted. */
export class TwoSides {
  readonly observed: { side: 'client' | 'server'; service: string; method: string; code: number }[] = [];
  /** Of the servers' process. */
  readonly ending = new Ending();
  private readonly servers: RpcServer[] = [];
  private readonly neighbours: Neighbour[] = [];
  private readonly ways: Way[] = [];

  /** @param port 0 takes a free one */
  async serve<P extends object>(
    ports: readonly (readonly [Port & { readonly prototype: P }, P])[],
    { port = 0, tls, drainMs }: { readonly port?: number; readonly tls?: RpcTls; readonly drainMs?: number } = {},
  ): Promise<RpcServer> {
    const server = new RpcServer(
      ports.map(([token, instance]) => ({ ...internalPortOf(token), instance })),
      { host: '127.0.0.1', port, ...(tls && { tls }), ...(drainMs !== undefined && { drainMs }) },
      () => Promise.resolve(TOKEN),
      (service, method, code) => this.observed.push({ side: 'server', service, method, code }),
      this.ending,
    );
    await new Promise<void>((resolve, reject) => {
      server.listen((error) => (error instanceof Error ? reject(error) : resolve()));
    });
    this.servers.push(server);
    return server;
  }

  /** A way to a server that can break. */
  async wayTo(address: string): Promise<Way> {
    const way = new Way(Number(address.split(':')[1]));
    this.ways.push(way);
    return way.open();
  }

  neighbour(addresses: readonly string[], { token = TOKEN, tls, deadlineMs = 10_000 }: AskOptions = {}): Neighbour {
    const observe = (service: string, method: string, code: number) =>
      this.observed.push({ side: 'client', service, method, code });
    const neighbour = new Neighbour('release', addresses, { token, tls, deadlineMs, observe });
    this.neighbours.push(neighbour);
    return neighbour;
  }

  ask<P extends object>(port: Port & { readonly prototype: P }, addresses: readonly string[], options?: AskOptions): P {
    return remotePort(internalPortOf(port), this.neighbour(addresses, options)) as P;
  }

  async close(): Promise<void> {
    for (const neighbour of this.neighbours) neighbour.close();
    for (const way of this.ways) way.break();
    await Promise.all(this.servers.map((server) => server.close()));
  }
}

/** The network between two processes. */
class Way {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor(port: number) {
    this.server = createServer((socket) => {
      const onward = connect(port, '127.0.0.1');
      for (const one of [socket, onward]) {
        this.sockets.add(one.on('error', () => undefined).on('close', () => this.sockets.delete(one)));
      }
      socket.pipe(onward).pipe(socket);
    });
  }

  open(): Promise<this> {
    return new Promise((resolve) => this.server.listen(0, '127.0.0.1', () => resolve(this)));
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** As a process that is killed (a reset), or a computer in the middle that ends: an end of the connection. */
  break(how: 'reset' | 'end' = 'reset'): void {
    this.server.close();
    for (const socket of this.sockets) {
      if (how === 'reset') socket.resetAndDestroy();
      else socket.destroy();
    }
  }

  /** Nothing gets through any more, and nobody is told. */
  fallSilent(): void {
    for (const socket of this.sockets) socket.unpipe().pause();
  }
}

interface AskOptions {
  readonly token?: string;
  readonly tls?: RpcTls;
  readonly deadlineMs?: number;
}

/** Looks again and again until it is so. */
export async function until(fact: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await fact())) await new Promise((resolve) => setTimeout(resolve, 5));
}

export const call: CallContext = {
  commandId: 'command-1',
  correlationId: 'correlation-1',
  causationId: 'request-1',
  actor: { kind: 'system', id: 'test' },
};
