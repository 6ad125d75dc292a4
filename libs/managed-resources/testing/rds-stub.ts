import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Instance {
  readonly id: string;
  readonly tag: string;
  readonly engine: string;
  className: string;
  status: string;
  /** Looks until what is under way is done. */
  looks: number;
  readonly accounts: Map<string, { status: string }>;
  readonly databases: Map<string, { status: string }>;
}

/**
 * A stub of the RPC API of RDS (2014-08-15), as far as it is used here: answers have the shapes that the vendor documents. It keeps what was made and
 * changes states with every look. That the real thing behaves like this is not shown by it.
 */
export class RdsStub {
  readonly instances = new Map<string, Instance>();
  readonly calls: string[] = [];
  /** Code and status of what the next call of that action answers, once. */
  readonly faults = new Map<string, readonly [status: number, code: string]>();
  private readonly tokens = new Map<string, string>();
  private server: Server;
  private made = 0;

  static async start(): Promise<RdsStub> {
    const stub = new RdsStub();
    stub.server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://rds');
      const action = String(request.headers['x-acs-action'] ?? '');
      stub.calls.push(action);
      const signed = (request.headers.authorization ?? '').includes('Credential=stub-key');
      request.resume();
      request.on('end', () => {
        const fault = stub.faults.get(action);
        stub.faults.delete(action);
        if (fault) answer(response, fault[0], { Code: fault[1], Message: 'it goes wrong', RequestId: 'r' });
        else if (!signed) answer(response, 403, { Code: 'InvalidAccessKeyId.NotFound', Message: 'who are you?', RequestId: 'r' });
        else answer(response, ...stub.act(action, url.searchParams));
      });
    });
    await new Promise<void>((fulfil) => stub.server.listen(0, '127.0.0.1', fulfil));
    return stub;
  }

  get endpoint(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((fulfil) => this.server.close(() => fulfil()));
  }

  private act(action: string, query: URLSearchParams): Reply {
    if (action === 'CreateDBInstance') return this.create(query);
    if (action === 'DescribeDBInstances') return this.list(query);
    const instance = this.instances.get(query.get('DBInstanceId') ?? '');
    if (!instance) return reply(404, { Code: 'InvalidDBInstanceId.NotFound', Message: 'no such instance', RequestId: 'r' });
    const account = query.get('AccountName') ?? '';
    const database = query.get('DBName') ?? '';
    switch (action) {
      case 'DescribeDBInstanceAttribute': {
        const port = instance.engine === 'MySQL' ? '3306' : '5432';
        const shown = { ...shownOf(instance), ConnectionString: `${instance.id}.mysql.rds.aliyuncs.com`, Port: port };
        return reply(200, { Items: { DBInstanceAttribute: [shown] }, RequestId: 'r' });
      }
      case 'ModifyDBInstanceSpec':
        return this.whenRunning(instance, () => {
          instance.className = query.get('DBInstanceClass') ?? '';
          [instance.status, instance.looks] = ['DBInstanceClassChanging', 1];
        });
      case 'DeleteDBInstance':
        return this.whenRunning(instance, () => ([instance.status, instance.looks] = ['Deleting', 1]));
      case 'CreateAccount':
        return this.whenRunning(instance, () => instance.accounts.set(account, { status: 'Unavailable' }));
      case 'DeleteAccount':
        return this.whenRunning(instance, () => instance.accounts.delete(account));
      case 'CreateDatabase':
        return this.whenRunning(instance, () => instance.databases.set(database, { status: 'Creating' }));
      case 'GrantAccountPrivilege':
        return this.whenRunning(instance, () => undefined);
      case 'DescribeAccounts':
        return reply(200, { Accounts: { DBInstanceAccount: accountsOf(instance, account) }, RequestId: 'r' });
      case 'DescribeDatabases':
        return reply(200, { Databases: { Database: databasesOf(instance, database) }, RequestId: 'r' });
      default:
        return reply(400, { Code: 'InvalidAction.NotFound', Message: action, RequestId: 'r' });
    }
  }

  private create(query: URLSearchParams): Reply {
    const token = query.get('ClientToken') ?? '';
    const known = this.tokens.get(token);
    const id = known ?? `rm-${String(++this.made).padStart(6, '0')}`;
    if (known === undefined) {
      this.tokens.set(token, id);
      const engine = query.get('Engine') ?? '';
      const tag = query.get('Tag.1.Value') ?? '';
      const className = query.get('DBInstanceClass') ?? '';
      const rest = { status: 'Creating', looks: 2, accounts: new Map(), databases: new Map() };
      this.instances.set(id, { id, tag, engine, className, ...rest });
    }
    return reply(200, { DBInstanceId: id, ConnectionString: `${id}.mysql.rds.aliyuncs.com`, Port: '3306', RequestId: 'r' });
  }

  private list(query: URLSearchParams): Reply {
    const [tag] = Object.values(JSON.parse(query.get('Tags') ?? '{}') as Record<string, string>);
    const found = [...this.instances.values()].filter((instance) => instance.tag === tag);
    const shown = found.map(shownOf);
    for (const instance of found) this.pass(instance);
    return reply(200, { Items: { DBInstance: shown }, PageNumber: 1, TotalRecordCount: shown.length, RequestId: 'r' });
  }

  private pass(instance: Instance): void {
    if (instance.status === 'Running' || --instance.looks > 0) return;
    if (instance.status === 'Deleting') this.instances.delete(instance.id);
    else instance.status = 'Running';
  }

  private whenRunning(instance: Instance, act: () => unknown): Reply {
    if (instance.status !== 'Running')
      return reply(400, {
        Code: 'OperationDenied.DBInstanceStatus',
        Message: `it is ${instance.status}`,
        RequestId: 'r',
      });
    act();
    return reply(200, { RequestId: 'r' });
  }
}

type Reply = readonly [status: number, body: object];

const reply = (status: number, body: object): Reply => [status, body];

function shownOf({ id, status, className, engine }: Instance) {
  return { DBInstanceId: id, DBInstanceStatus: status, DBInstanceClass: className, Engine: engine };
}

function accountsOf({ accounts }: Instance, name: string): object[] {
  const known = accounts.get(name);
  if (!known) return [];
  const shown = { AccountName: name, AccountStatus: known.status, AccountType: 'Normal' };
  known.status = 'Available';
  return [shown];
}

function databasesOf({ databases }: Instance, name: string): object[] {
  const known = databases.get(name);
  if (!known) return [];
  const shown = { DBName: name, DBStatus: known.status };
  known.status = 'Running';
  return [shown];
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
