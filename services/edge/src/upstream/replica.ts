import { Agent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { type ForwardedAnswer, type ForwardedRequest, ReplicaFailed } from './exchange';

export interface ReplicaOptions {
  /** How long a connection may take, in milliseconds. */
  readonly connectWithin: number;
  /** How long an answer may take to begin, and then to go on. */
  readonly answerWithin: number;
  /** Between two looks at a replica. */
  readonly lookEvery: number;
}

/**
 * - `unknown`: not looked at yet
 * - `ready`: says so itself
 * - `unready`: answers, and says that it can't do its work, or is about to end
 * - `away`: a connection failed
 */
export type ReplicaState = 'unknown' | 'ready' | 'unready' | 'away';

/** Idle connections are let go before a server lets go of them: a request on one that is just being closed would be lost. */
const IDLE = 4_000;

/** One process of a service: requests to it, and whether it is well. It is looked at all the time, and every request tells. */
export class Replica {
  private readonly agent = new Agent({ keepAlive: true, maxFreeSockets: 64, timeout: IDLE });
  private current: ReplicaState = 'unknown';
  private underWay = 0;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  /** @param address `host:port` */
  constructor(
    readonly address: string,
    private readonly options: ReplicaOptions,
    private readonly onState: () => void,
  ) {}

  get state(): ReplicaState {
    return this.current;
  }

  /** Requests that wait for an answer, or read one. */
  get load(): number {
    return this.underWay;
  }

  /** Looks whether it is ready, again and again. Fulfilled after the first look. */
  async start(): Promise<void> {
    await this.look();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.agent.destroy();
  }

  /** @throws ReplicaFailed */
  async send(request: ForwardedRequest): Promise<ForwardedAnswer> {
    this.underWay++;
    try {
      const answer = await this.exchange(request, this.options.answerWithin);
      answer.once('close', () => this.underWay--);
      return { status: answer.statusCode!, headers: answer.headers, body: answer };
    } catch (error) {
      this.underWay--;
      if (error instanceof ReplicaFailed && error.how !== 'late' && !request.signal?.aborted) this.become('away');
      throw error;
    }
  }

  private async look(): Promise<void> {
    try {
      const answer = await this.exchange({ method: 'GET', path: '/health/ready', headers: {} }, this.options.connectWithin);
      answer.resume();
      this.become(answer.statusCode === 200 ? 'ready' : 'unready');
    } catch {
      this.become('away');
    }
    if (!this.closed) this.timer = setTimeout(() => void this.look(), this.options.lookEvery).unref();
  }

  private become(state: ReplicaState): void {
    if (this.current === state) return;
    this.current = state;
    this.onState();
  }

  private exchange({ method, path, headers, body, signal }: ForwardedRequest, within: number): Promise<IncomingMessage> {
    const { hostname, port } = new URL(`http://${this.address}`);
    return new Promise((resolve, reject) => {
      const { agent } = this;
      const request = httpRequest({ hostname, port, method, path, headers, agent, timeout: within, ...(signal && { signal }) });
      const connected = this.watchConnecting(request);
      let answered: IncomingMessage | undefined;
      request.once('response', (answer) => resolve((answered = answer)));
      // Of the socket: neither the answer nor its next part has come in time.
      request.once('timeout', () => (answered ?? request).destroy(new ReplicaFailed(this.address, 'late')));
      request.on('error', (error) => {
        const how = connected() ? 'broken' : 'refused';
        reject(error instanceof ReplicaFailed ? error : new ReplicaFailed(this.address, how, { cause: error }));
      });
      request.end(body);
    });
  }

  /** Ends a request whose connection does not come about. Answers whether there was one. */
  private watchConnecting(request: ClientRequest): () => boolean {
    let connected = false;
    request.once('socket', (socket) => {
      connected = !socket.connecting;
      if (connected) return;
      const patience = setTimeout(() => request.destroy(new Error('no connection')), this.options.connectWithin);
      socket.once('connect', () => {
        connected = true;
        clearTimeout(patience);
      });
      socket.once('close', () => clearTimeout(patience));
    });
    return () => connected;
  }
}
