import { type sendUnaryData, type Server, type ServerUnaryCall, type ServerWritableStream, status } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';
import type { RestBackend } from './rest-backend.port';

type ServingStatus = 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';

interface HealthRequest {
  readonly service: string;
}

interface Watcher {
  tell(): void;
  end(): void;
}

/** Milliseconds between two looks, while somebody watches. */
const LOOK_EVERY = 2_000;
const PATIENCE = 5_000;

/** The standard health service (grpc.health.v1): what `/health/ready` says, for the whole and for every service alike. */
export class HealthService {
  private readonly watchers = new Set<Watcher>();
  private looking: NodeJS.Timeout | undefined;
  private last: ServingStatus = 'NOT_SERVING';
  private draining = false;

  constructor(
    private readonly backend: RestBackend,
    private readonly services: ReadonlySet<string>,
  ) {}

  addTo(server: Server): void {
    server.addService(service, {
      check: (call: ServerUnaryCall<HealthRequest, object>, callback: sendUnaryData<object>) => {
        if (this.knows(call.request.service)) void this.ready().then((serving) => callback(null, { status: serving }));
        else callback({ code: status.NOT_FOUND, details: `there is no service "${call.request.service}"` });
      },
      list: (_call: ServerUnaryCall<object, object>, callback: sendUnaryData<object>) => {
        void this.ready().then((serving) => {
          const names = ['', ...this.services];
          callback(null, { statuses: Object.fromEntries(names.map((name) => [name, { status: serving }])) });
        });
      },
      watch: (call: ServerWritableStream<HealthRequest, object>) => {
        this.watch(call);
      },
    });
  }

  /** Not ready from now on, whatever the API says; those who watch are told, and have to watch somebody else. */
  drain(): void {
    this.draining = true;
    this.tell('NOT_SERVING');
    clearInterval(this.looking);
    for (const watcher of this.watchers) watcher.end();
  }

  private watch(call: ServerWritableStream<HealthRequest, object>): void {
    let told: ServingStatus | undefined;
    const tell = (): void => {
      const serving = this.knows(call.request.service) ? this.last : 'SERVICE_UNKNOWN';
      if (serving !== told) call.write({ status: serving });
      told = serving;
    };
    const watcher = { tell, end: () => call.end() };
    call.once('cancelled', () => {
      this.watchers.delete(watcher);
      if (this.watchers.size === 0) clearInterval(this.looking);
    });
    if (this.watchers.size === 0) this.looking = setInterval(() => void this.look(), LOOK_EVERY).unref();
    this.watchers.add(watcher);
    void this.look();
  }

  private async look(): Promise<void> {
    this.tell(await this.ready());
  }

  private tell(serving: ServingStatus): void {
    this.last = serving;
    for (const watcher of this.watchers) watcher.tell();
  }

  private async ready(): Promise<ServingStatus> {
    if (this.draining) return 'NOT_SERVING';
    try {
      const signal = AbortSignal.timeout(PATIENCE);
      const answer = await this.backend.call({ method: 'GET', path: '/health/ready', headers: {} }, signal);
      for await (const _ of answer.body);
      return answer.status === 200 ? 'SERVING' : 'NOT_SERVING';
    } catch {
      return 'NOT_SERVING';
    }
  }

  private knows(name: string): boolean {
    return name === '' || this.services.has(name);
  }
}
