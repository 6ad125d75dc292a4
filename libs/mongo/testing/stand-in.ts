import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Document } from 'mongodb';
import { StandInCommands } from './stand-in-commands';
import { answerTo, MessageReader, type Request } from './wire-messages';

/**
 * What happens to a command, for tests of faults. It may also wait, and is done when the promise is fulfilled.
 * - `lost`: it is not done, and the connection ends
 * - `unanswered`: it is done, and the connection ends
 */
export type Fate = 'done' | 'lost' | 'unanswered';
export type Fates = (command: { readonly name: string; readonly body: Document }) => Fate | Promise<Fate>;

export interface StandInOptions {
  /** Default: any that is free. */
  readonly port?: number;
  readonly host?: string;
}

/** As the real one does. */
const EXPIRE_EVERY_MS = 60_000;

/** Starts a stand-in on 127.0.0.1, empty. */
export async function startMongoStandIn({ port = 0, host = '127.0.0.1' }: StandInOptions = {}): Promise<MongoStandIn> {
  const standIn = new MongoStandIn(host, port);
  await standIn.start();
  return standIn;
}

/**
 * A stand-in for a MongoDB server that stands alone, for tests and demos where there is none: it speaks the wire protocol (OP_MSG) to the
 * official driver, and keeps everything in memory. It is no database: nothing survives its process, and what Souk does not ask for is missing.
 */
export class MongoStandIn {
  /** For tests: what happens to each command. */
  fate: Fates = () => 'done';
  private readonly commands = new StandInCommands();
  private readonly sockets = new Set<Socket>();
  private readonly expiring = setInterval(() => {
    this.commands.expire(Date.now());
  }, EXPIRE_EVERY_MS).unref();
  private server: Server | undefined;

  constructor(
    private readonly host: string,
    private port: number,
  ) {}

  get url(): string {
    return `mongodb://${this.host}:${this.port}/?directConnection=true`;
  }

  /** Again after a stop: on the same port, with what it knew before, as a real one that has it on disk. */
  async start(): Promise<void> {
    const server = createServer((socket) => this.serve(socket));
    this.server = server;
    server.listen(this.port, this.host);
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port;
  }

  /** Ends all connections and takes no more. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    for (const socket of this.sockets) socket.destroy();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  async close(): Promise<void> {
    clearInterval(this.expiring);
    await this.stop();
  }

  /** Removes now what indexes on a time say is over at that moment. */
  expire(now: Date): void {
    this.commands.expire(now.getTime());
  }

  private serve(socket: Socket): void {
    const reader = new MessageReader();
    let turns = Promise.resolve();
    this.sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      turns = turns.then(() => this.answerAll(socket, reader.read(chunk))).catch(() => void socket.destroy());
    });
  }

  private async answerAll(socket: Socket, requests: readonly Request[]): Promise<void> {
    for (const request of requests) {
      const [name = ''] = Object.keys(request.body);
      const fate = await this.fate({ name, body: request.body });
      if (fate === 'lost') throw new Error('the connection is to end');
      const answer = this.commands.run(request.body);
      if (fate === 'unanswered') throw new Error('the connection is to end');
      if (!request.wantsNoAnswer && socket.writable) socket.write(answerTo(request, answer));
    }
  }
}
