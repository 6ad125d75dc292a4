import type { ServiceOffering } from '../catalogue';
import { RequestRejected, TryLater } from '../errors';
import {
  type BindingOperationKind,
  type BindingReference,
  type Bound,
  type Credentials,
  ManagedResources,
  type OperationKind,
  type OperationProgress,
  type Presence,
  type ResourceChange,
  type ResourceReference,
  type ResourceRequest,
  type Started,
} from '../managed-resources.port';
import { type AlibabaAccount, type AlibabaSize, usualSizes } from './alibaba-account';
import { RdsClient, type Server } from './rds-client';

interface Engine {
  readonly serviceId: string;
  readonly engine: 'MySQL' | 'PostgreSQL';
  readonly engineVersion: string;
  readonly scheme: 'mysql' | 'postgresql';
  readonly characterSet: string;
  readonly privilege: string;
}

const engines: readonly Engine[] = [
  {
    serviceId: 'alibaba-rds-mysql',
    ...{ engine: 'MySQL', engineVersion: '8.0', scheme: 'mysql', characterSet: 'utf8mb4', privilege: 'ReadWrite' },
  },
  {
    serviceId: 'alibaba-rds-postgresql',
    ...{ engine: 'PostgreSQL', engineVersion: '16.0', scheme: 'postgresql', characterSet: 'UTF8', privilege: 'DBOwner' },
  },
];

/** The one database of a server. */
const DATABASE = 'app';

/**
 * Databases on Alibaba Cloud RDS: a resource is a DB instance, found by a tag with our id; a binding is an account of it, whose name and
 * password follow from the binding's id. What it costs is for the holder of the account.
 */
export class AlibabaRds extends ManagedResources {
  private readonly sizes: Readonly<Record<string, AlibabaSize>>;

  private constructor(
    private readonly client: RdsClient,
    account: AlibabaAccount,
    private readonly passwordOf: (bindingId: string) => Promise<string>,
  ) {
    super();
    this.sizes = account.sizes ?? usualSizes;
  }

  /** @param passwordOf a secret that follows from the id of a binding: the same each time, at least 24 letters and digits */
  static async open(account: AlibabaAccount, passwordOf: (bindingId: string) => Promise<string>): Promise<AlibabaRds> {
    return new AlibabaRds(await RdsClient.open(account), account, passwordOf);
  }

  override async catalogue(): Promise<readonly ServiceOffering[]> {
    return engines.map(({ serviceId, engine, engineVersion }) => ({
      ...{
        serviceId,
        name: serviceId,
        description: `${engine} ${engineVersion} on Alibaba Cloud RDS`,
        tags: [engine.toLowerCase()],
      },
      retrievable: true,
      plans: Object.entries(this.sizes).map(([name, { storageGB }]) => ({
        ...{ planId: name, name, description: `${storageGB} GB`, bindable: true, updatable: true },
      })),
    }));
  }

  override async provision({ resourceId, serviceId, planId, parameters, customer }: ResourceRequest): Promise<Started> {
    if (Object.keys(parameters).length > 0) throw new RequestRejected('a database on Alibaba Cloud RDS takes no parameters');
    const known = await this.client.find(resourceId);
    if (known) return { done: known.status === 'Running' };
    const { engine, engineVersion } = engineOf(serviceId);
    const { className, storageGB } = this.sizeOf(serviceId, planId);
    const description = `${customer.node} of ${customer.instanceId}`;
    await this.client.create({ resourceId, engine, engineVersion, className, storageGB, description });
    return { done: false };
  }

  override async change({ resourceId, serviceId, planId }: ResourceChange): Promise<Started> {
    const server = await this.existing(resourceId);
    const { className, storageGB } = this.sizeOf(serviceId, planId);
    if (server.className !== className) await this.client.resize(server, className, storageGB);
    return { done: false };
  }

  override async lastOperation({ resourceId }: ResourceReference, kind: OperationKind): Promise<OperationProgress> {
    const server = await this.client.find(resourceId);
    const done = kind === 'deprovision' ? !server : server?.status === 'Running';
    if (done) return { state: 'succeeded' };
    return { state: 'in-progress', description: `the RDS instance is ${server?.status ?? 'not to be seen yet'}` };
  }

  override async bind(binding: BindingReference): Promise<Bound> {
    const server = await this.existing(binding.resourceId);
    const { characterSet, privilege } = engineOf(binding.serviceId);
    const account = accountOf(binding.bindingId);
    const [accountStatus, databaseStatus] = await Promise.all([
      this.client.accountStatus(server, account),
      this.client.databaseStatus(server, DATABASE),
    ]);
    if (accountStatus === undefined) await this.client.createAccount(server, account, await this.passwordOf(binding.bindingId));
    if (databaseStatus === undefined) await this.client.createDatabase(server, DATABASE, characterSet);
    if (accountStatus !== 'Available' || databaseStatus !== 'Running') return { done: false };
    await this.client.grant(server, account, DATABASE, privilege);
    return { done: true, credentials: await this.credentials(binding) };
  }

  /** Each look takes the next step: the account, the database, the privilege. */
  override async lastBindingOperation(binding: BindingReference, kind: BindingOperationKind): Promise<OperationProgress> {
    const { done } = kind === 'bind' ? await this.bind(binding) : await this.unbind(binding);
    return { state: done ? 'succeeded' : 'in-progress' };
  }

  override async credentials({ resourceId, serviceId, bindingId }: BindingReference): Promise<Credentials> {
    const { scheme } = engineOf(serviceId);
    const { host, port } = await this.client.address(await this.existing(resourceId));
    const username = accountOf(bindingId);
    const password = await this.passwordOf(bindingId);
    const uri = `${scheme}://${username}:${encodeURIComponent(password)}@${host}:${port}/${DATABASE}`;
    return { host, port, username, password, database: DATABASE, uri };
  }

  override async unbind({ resourceId, bindingId }: BindingReference): Promise<Started> {
    const server = await this.client.find(resourceId);
    if (!server || server.status === 'Deleting') return { done: true };
    const account = accountOf(bindingId);
    if ((await this.client.accountStatus(server, account)) === undefined) return { done: true };
    await this.client.deleteAccount(server, account);
    return { done: false };
  }

  override async deprovision({ resourceId }: ResourceReference): Promise<Started> {
    const server = await this.client.find(resourceId);
    if (!server) return { done: true };
    if (server.status !== 'Deleting') await this.client.delete(server);
    return { done: false };
  }

  override async presenceOf({ resourceId }: ResourceReference): Promise<Presence> {
    return (await this.client.find(resourceId)) ? 'there' : 'gone';
  }

  private async existing(resourceId: string): Promise<Server> {
    const server = await this.client.find(resourceId);
    if (!server) throw new TryLater(`Alibaba Cloud has no RDS instance with the tag of resource "${resourceId}" (yet)`);
    return server;
  }

  private sizeOf(serviceId: string, planId: string): { readonly className: string; readonly storageGB: number } {
    const size = Object.hasOwn(this.sizes, planId) ? this.sizes[planId] : undefined;
    if (!size) throw new RequestRejected(`there is no plan "${planId}" of "${serviceId}"`);
    return { className: size[engineOf(serviceId).scheme], storageGB: size.storageGB };
  }
}

function engineOf(serviceId: string): Engine {
  const engine = engines.find((known) => known.serviceId === serviceId);
  if (!engine) throw new RequestRejected(`Alibaba Cloud RDS has no service "${serviceId}"`);
  return engine;
}

/** At most 16 letters and digits, beginning with a letter: the shortest limit of all engines. */
const accountOf = (bindingId: string): string => `u${bindingId.replaceAll('-', '').slice(0, 15)}`;
