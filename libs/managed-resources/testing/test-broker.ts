import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What goes wrong with the next call that it fits, once. */
export interface BrokerFault {
  readonly method: 'GET' | 'PUT' | 'PATCH' | 'DELETE';
  /** A part of the path, with query. */
  readonly path?: string;
  /**
   * `before`: nothing happens, and this is the answer. `after`: it is done, and this is the answer all the same. `hang`: it is done, and there is no
   * answer at all; `cut`: and the connection breaks.
   */
  readonly when: 'before' | 'after' | 'hang' | 'cut';
  readonly status?: number;
  /** As it stands: to be malformed. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface BrokerOptions {
  /** How often an operation is asked after until it is done; 0 answers at once. */
  readonly polls: number;
  readonly asyncBindings: boolean;
  readonly services?: readonly object[];
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown> | undefined;
}

interface Operation {
  readonly kind: string;
  readonly ticket: string;
  left: number;
  /** What it ends with. */
  readonly state: 'succeeded' | 'failed';
  readonly end: () => void;
}

interface Binding {
  readonly credentials: object;
  operation?: Operation;
}

interface Instance {
  readonly serviceId: string;
  planId: string;
  readonly parameters: string;
  ready: boolean;
  operation?: Operation;
  readonly bindings: Map<string, Binding>;
}

interface Reply {
  readonly status: number;
  readonly body: object;
}

const USER = 'souk';
const PASSWORD = 'broker-password';

const defaultServices = [
  {
    id: 'svc-postgresql',
    name: 'broker-postgresql',
    description: 'a database',
    bindable: true,
    plan_updateable: true,
    instances_retrievable: true,
    bindings_retrievable: true,
    tags: ['postgresql'],
    plans: [
      { id: 'plan-small', name: 'small', description: 'a small one', maximum_polling_duration: 600 },
      { id: 'plan-large', name: 'large', description: 'a large one' },
      { id: 'plan-fixed', name: 'fixed', description: 'one that stays as it is', plan_updateable: false },
    ],
  },
];

/**
 * A service broker for tests, written from the specification (2.17), and apart from the client: it checks what a platform must send, keeps
 * what was made, takes its time in polls, and does wrong what it is told to.
 */
export class TestBroker {
  readonly calls: Call[] = [];
  readonly instances = new Map<string, Instance>();
  private readonly faults: BrokerFault[] = [];
  private readonly hanging: ServerResponse[] = [];
  private server: Server;
  private failing = 0;
  private tickets = 0;

  private constructor(private options: BrokerOptions) {}

  static async start(options: Partial<BrokerOptions> = {}): Promise<TestBroker> {
    const broker = new TestBroker({ polls: 1, asyncBindings: true, ...options });
    broker.server = createServer((request, response) => void broker.answer(request, response));
    await new Promise<void>((fulfil) => broker.server.listen(0, '127.0.0.1', fulfil));
    return broker;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  readonly credentials = { username: USER, password: PASSWORD };

  configure(options: Partial<BrokerOptions>): void {
    this.options = { ...this.options, ...options };
  }

  goesWrong(...faults: readonly BrokerFault[]): void {
    this.faults.push(...faults);
  }

  /** The next operations that take their time end in failure. */
  nextOperationsFail(count = 1): void {
    this.failing = count;
  }

  /** What is under way is done by the next time that somebody asks. */
  hurry(): void {
    for (const instance of this.instances.values()) if (instance.operation && isBusy(instance)) instance.operation.left = 1;
  }

  /** Calls of one kind, as `PUT /v2/service_instances/:id`. */
  count(method: string, path: RegExp): number {
    return this.calls.filter((call) => call.method === method && path.test(call.path)).length;
  }

  get bindings(): number {
    return [...this.instances.values()].reduce((sum, { bindings }) => sum + bindings.size, 0);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((fulfil) => this.server.close(() => fulfil()));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const body = text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>);
    const call: Call = { method: request.method!, path: request.url!, headers: request.headers, body };
    this.calls.push(call);
    const at = this.faults.findIndex(({ method, path }) => method === call.method && (!path || call.path.includes(path)));
    const fault = at < 0 ? undefined : this.faults.splice(at, 1)[0];
    const reply = fault?.when === 'before' ? undefined : this.reply(call);
    if (fault?.when === 'hang') return void this.hanging.push(response);
    if (fault?.when === 'cut') return void response.destroy();
    const status = fault?.status ?? reply?.status ?? 500;
    response.writeHead(status, { 'content-type': 'application/json', ...fault?.headers });
    response.end(fault?.body ?? JSON.stringify(fault ? { description: 'it goes wrong' } : reply!.body));
  }

  private reply({ method, path, headers, body }: Call): Reply {
    const basic = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
    if (headers.authorization !== basic && headers.authorization !== 'Bearer broker-token') return refused(401, 'who are you?');
    if (!/^2\.\d+$/.test(String(headers['x-broker-api-version'] ?? ''))) return refused(412, 'which version?');
    const url = new URL(path, 'http://broker');
    const async = url.searchParams.get('accepts_incomplete') === 'true';
    if (url.pathname === '/v2/catalog') return { status: 200, body: { services: this.services } };
    const [, id, rest = ''] = /^\/v2\/service_instances\/([^/]+)(\/.*)?$/.exec(url.pathname) ?? [];
    if (id === undefined) return refused(404, 'no such path');
    const [, bindingId, bindingRest] = /^\/service_bindings\/([^/]+)(\/last_operation)?$/.exec(rest) ?? [];
    const instance = this.instances.get(id);
    if (bindingId !== undefined) return this.ofBinding(method, instance, bindingId, bindingRest !== undefined, async, url, body);
    if (rest === '/last_operation') return lastOperation(instance, url);
    switch (method) {
      case 'PUT':
        return this.provision(id, instance, async, body);
      case 'PATCH':
        return this.update(instance, async, body);
      case 'GET':
        return instance?.ready ? { status: 200, body: { service_id: instance.serviceId } } : refused(404, 'no such instance');
      case 'DELETE':
        if (!url.searchParams.get('service_id') || !url.searchParams.get('plan_id')) return refused(400, 'of which plan?');
        if (!instance) return { status: 410, body: {} };
        if (stillBusy(instance)) return concurrent;
        if (instance.bindings.size > 0) return refused(400, 'there are bindings');
        return this.takeTime(instance, 'deprovision', 200, () => this.instances.delete(id));
      default:
        return refused(405, 'no such method');
    }
  }

  private provision(id: string, known: Instance | undefined, async: boolean, body: Call['body']): Reply {
    for (const field of ['service_id', 'plan_id', 'organization_guid', 'space_guid'])
      if (typeof body?.[field] !== 'string') return refused(400, `"${field}" is missing`);
    const { service_id: serviceId, plan_id: planId } = body as { service_id: string; plan_id: string };
    if (!this.offers(serviceId, planId)) return refused(400, `no plan "${planId}"`);
    const parameters = JSON.stringify(body?.['parameters'] ?? {});
    if (known) {
      if (known.planId !== planId || known.parameters !== parameters) return { status: 409, body: {} };
      if (isBusy(known)) return { status: 202, body: { operation: known.operation!.ticket } };
      return { status: 200, body: {} };
    }
    if (this.options.polls > 0 && !async) return { status: 422, body: { error: 'AsyncRequired' } };
    const instance: Instance = { serviceId, planId, parameters, ready: false, bindings: new Map() };
    this.instances.set(id, instance);
    return this.takeTime(instance, 'provision', 201, () => (instance.ready = true));
  }

  private update(instance: Instance | undefined, async: boolean, body: Call['body']): Reply {
    if (!instance) return refused(400, 'no such instance');
    if (stillBusy(instance)) return concurrent;
    const planId = body?.['plan_id'];
    if (this.options.polls > 0 && !async) return { status: 422, body: { error: 'AsyncRequired' } };
    return this.takeTime(instance, 'update', 200, () => {
      if (typeof planId === 'string') instance.planId = planId;
    });
  }

  private ofBinding(
    method: string,
    instance: Instance | undefined,
    bindingId: string,
    asksAfter: boolean,
    async: boolean,
    url: URL,
    body: Call['body'],
  ): Reply {
    const binding = instance?.bindings.get(bindingId);
    if (asksAfter) return lastOperation(binding, url);
    if (method === 'DELETE') {
      if (!binding) return { status: 410, body: {} };
      if (stillBusy(binding)) return concurrent;
      return this.takeTime(binding, 'unbind', 200, () => instance?.bindings.delete(bindingId), async);
    }
    if (!instance) return refused(404, 'no such instance');
    if (method === 'GET')
      return binding && !isBusy(binding)
        ? { status: 200, body: { credentials: binding.credentials } }
        : refused(404, 'no such binding');
    if (typeof body?.['service_id'] !== 'string' || typeof body['plan_id'] !== 'string') return refused(400, 'of which plan?');
    if (stillBusy(instance)) return concurrent;
    if (binding)
      return isBusy(binding)
        ? { status: 202, body: { operation: binding.operation!.ticket } }
        : { status: 200, body: { credentials: binding.credentials } };
    const password = `password-${++this.tickets}`;
    const uri = `postgresql://app:${password}@db.example:5432/app`;
    const credentials = { host: 'db.example', port: 5432, username: 'app', password, uri, replicas: ['a', 'b'] };
    const made: Binding = { credentials };
    instance.bindings.set(bindingId, made);
    const reply = this.takeTime(made, 'bind', 201, () => undefined, async);
    return reply.status === 201 ? { status: 201, body: { credentials } } : reply;
  }

  private takeTime(
    on: { operation?: Operation },
    kind: string,
    status: number,
    end: () => void,
    async = this.options.asyncBindings || kind === 'provision' || kind === 'update' || kind === 'deprovision',
  ): Reply {
    const waits = kind === 'bind' || kind === 'unbind' ? this.options.asyncBindings && async : async;
    const polls = waits ? this.options.polls : 0;
    if (polls === 0) {
      end();
      return { status, body: {} };
    }
    const fails = this.failing > 0;
    if (fails) this.failing--;
    const ticket = `${kind}-${++this.tickets}`;
    on.operation = { kind, ticket, left: polls, state: fails ? 'failed' : 'succeeded', end };
    return { status: 202, body: { operation: ticket } };
  }

  private offers(serviceId: string, planId: string): boolean {
    const service = (this.services as typeof defaultServices).find(({ id }) => id === serviceId);
    return service?.plans.some(({ id }) => id === planId) ?? false;
  }

  private get services(): readonly object[] {
    return this.options.services ?? defaultServices;
  }
}

const refused = (status: number, description: string): Reply => ({ status, body: { description } });

const concurrent: Reply = { status: 422, body: { error: 'ConcurrencyError', description: 'something else is under way' } };

const isBusy = ({ operation }: { operation?: Operation }): boolean => operation !== undefined && operation.left > 0;

/** Time passes by being asked. */
function stillBusy(on: { operation?: Operation }): boolean {
  if (!isBusy(on)) return false;
  passTime(on.operation!);
  return true;
}

function passTime(operation: Operation): void {
  if (operation.left === 0) return;
  operation.left--;
  if (operation.left === 0 && operation.state === 'succeeded') operation.end();
}

function lastOperation(on: { operation?: Operation } | undefined, url: URL): Reply {
  const operation = on?.operation;
  if (!operation) return { status: 410, body: {} };
  if (url.searchParams.get('operation') !== operation.ticket) return refused(400, 'of which operation?');
  passTime(operation);
  if (operation.left > 0) return { status: 200, body: { state: 'in progress', description: `${operation.left} to go` } };
  return { status: 200, body: { state: operation.state, description: `${operation.kind} ${operation.state}` } };
}
