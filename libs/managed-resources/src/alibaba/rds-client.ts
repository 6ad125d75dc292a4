import type Rds from '@alicloud/rds20140815';
import { OutcomeUnknown, type ProviderError, RequestRejected, TryLater } from '../errors';
import type { AlibabaAccount } from './alibaba-account';

type Sdk = typeof import('@alicloud/rds20140815');

/** A database server, as far as it matters here. */
export interface Server {
  readonly id: string;
  /** `Creating`, `Running`, `DBInstanceClassChanging`, `Deleting` … */
  readonly status: string;
  readonly className: string;
}

export interface ServerWish {
  /** A tag by which it is found again, and the token that makes a repeated call the same one. */
  readonly resourceId: string;
  readonly engine: 'MySQL' | 'PostgreSQL';
  readonly engineVersion: string;
  readonly className: string;
  readonly storageGB: number;
  readonly description: string;
}

/** Tag of a server of ours, with the id of its resource. */
const TAG = 'souk-resource';
const CONNECT_MS = 5_000;
const READ_MS = 20_000;

/** The calls of RDS that are needed, by the vendor's SDK. Errors are those of providers. */
export class RdsClient {
  private constructor(
    private readonly sdk: Sdk,
    private readonly client: Rds,
    private readonly runtime: never,
    private readonly account: AlibabaAccount,
  ) {}

  /** Loads the SDK, which is large, and blocks for half a second: where there is an account, at the start of a process. */
  static async open(account: AlibabaAccount): Promise<RdsClient> {
    // Typed as a native import, which wraps a CommonJS module once more than the build does.
    const sdk = (await import('@alicloud/rds20140815')) as unknown as Sdk;
    const core = await import('@alicloud/openapi-core');
    const dara = await import('@darabonba/typescript');
    const { accessKeyId, accessKeySecret, regionId, endpoint, protocol = 'https' } = account;
    const config = new core.$OpenApiUtil.Config({
      accessKeyId,
      accessKeySecret,
      regionId,
      protocol,
      ...(endpoint && { endpoint }),
    });
    const runtime = new dara.RuntimeOptions({ connectTimeout: CONNECT_MS, readTimeout: READ_MS, autoretry: false });
    return new RdsClient(sdk, new sdk.default(config), runtime as never, account);
  }

  async find(resourceId: string): Promise<Server | undefined> {
    const tags = JSON.stringify({ [TAG]: resourceId });
    const request = new this.sdk.DescribeDBInstancesRequest({ regionId: this.account.regionId, tags, pageSize: 1 });
    const { body } = await this.calling(() => this.client.describeDBInstancesWithOptions(request, this.runtime));
    const [found] = body?.items?.DBInstance ?? [];
    if (!found?.DBInstanceId) return undefined;
    return { id: found.DBInstanceId, status: found.DBInstanceStatus ?? '', className: found.DBInstanceClass ?? '' };
  }

  async create({ resourceId, engine, engineVersion, className, storageGB, description }: ServerWish): Promise<void> {
    const { regionId, zoneId, vpcId, vSwitchId, securityIPList } = this.account;
    const request = new this.sdk.CreateDBInstanceRequest({
      ...{ regionId, vSwitchId, VPCId: vpcId, securityIPList, ...(zoneId !== undefined && { zoneId }) },
      ...{ engine, engineVersion, DBInstanceClass: className, DBInstanceStorage: storageGB },
      ...{ DBInstanceNetType: 'Intranet', instanceNetworkType: 'VPC', payType: 'Postpaid', DBInstanceStorageType: 'cloud_essd' },
      ...{ DBInstanceDescription: description, clientToken: resourceId },
      tag: [new this.sdk.CreateDBInstanceRequestTag({ key: TAG, value: resourceId })],
    });
    await this.calling(() => this.client.createDBInstanceWithOptions(request, this.runtime));
  }

  async resize({ id }: Server, className: string, storageGB: number): Promise<void> {
    const request = new this.sdk.ModifyDBInstanceSpecRequest({
      ...{ DBInstanceId: id, DBInstanceClass: className, DBInstanceStorage: storageGB, payType: 'Postpaid' },
    });
    await this.calling(() => this.client.modifyDBInstanceSpecWithOptions(request, this.runtime));
  }

  async delete({ id }: Server): Promise<void> {
    const request = new this.sdk.DeleteDBInstanceRequest({ DBInstanceId: id, releasedKeepPolicy: 'None' });
    await this.calling(() => this.client.deleteDBInstanceWithOptions(request, this.runtime));
  }

  async address({ id }: Server): Promise<{ readonly host: string; readonly port: string }> {
    const request = new this.sdk.DescribeDBInstanceAttributeRequest({ DBInstanceId: id });
    const { body } = await this.calling(() => this.client.describeDBInstanceAttributeWithOptions(request, this.runtime));
    const [found] = body?.items?.DBInstanceAttribute ?? [];
    if (!found?.connectionString || !found.port) throw new TryLater(`RDS instance "${id}" has no address yet`);
    return { host: found.connectionString, port: found.port };
  }

  /** `undefined` where there is none; `Available` once it can be used. */
  async accountStatus({ id }: Server, accountName: string): Promise<string | undefined> {
    const request = new this.sdk.DescribeAccountsRequest({ DBInstanceId: id, accountName });
    const { body } = await this.calling(() => this.client.describeAccountsWithOptions(request, this.runtime));
    return body?.accounts?.DBInstanceAccount?.find((known) => known.accountName === accountName)?.accountStatus;
  }

  async createAccount({ id }: Server, accountName: string, accountPassword: string): Promise<void> {
    const request = new this.sdk.CreateAccountRequest({ DBInstanceId: id, accountName, accountPassword, accountType: 'Normal' });
    await this.calling(() => this.client.createAccountWithOptions(request, this.runtime));
  }

  async deleteAccount({ id }: Server, accountName: string): Promise<void> {
    const request = new this.sdk.DeleteAccountRequest({ DBInstanceId: id, accountName });
    await this.calling(() => this.client.deleteAccountWithOptions(request, this.runtime));
  }

  /** `undefined` where there is none; `Running` once it can be used. */
  async databaseStatus({ id }: Server, DBName: string): Promise<string | undefined> {
    const request = new this.sdk.DescribeDatabasesRequest({ DBInstanceId: id, DBName });
    const { body } = await this.calling(() => this.client.describeDatabasesWithOptions(request, this.runtime));
    return body?.databases?.database?.find((known) => known.DBName === DBName)?.DBStatus;
  }

  async createDatabase({ id }: Server, DBName: string, characterSetName: string): Promise<void> {
    const request = new this.sdk.CreateDatabaseRequest({ DBInstanceId: id, DBName, characterSetName });
    await this.calling(() => this.client.createDatabaseWithOptions(request, this.runtime));
  }

  async grant({ id }: Server, accountName: string, DBName: string, accountPrivilege: string): Promise<void> {
    const request = new this.sdk.GrantAccountPrivilegeRequest({ DBInstanceId: id, accountName, DBName, accountPrivilege });
    await this.calling(() => this.client.grantAccountPrivilegeWithOptions(request, this.runtime));
  }

  private async calling<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    try {
      return await call();
    } catch (error) {
      throw providerError(error);
    }
  }
}

/** What passes by: limits of calls, and operations that wait for another one to end. */
const passing =
  /^(Throttling|ServiceUnavailable|InternalError|OperationDenied\.(DBInstance|Account|DB)Status|IncorrectDBInstanceState)/;

/** Nothing has to be undone after a lost answer: a server is found by its tag, and the token makes a repeated call the same one. */
function providerError(error: unknown): ProviderError {
  const { code = '', message = '', statusCode } = error as { code?: string; message?: string; statusCode?: number };
  const words = `Alibaba Cloud answers ${code === '' ? 'nothing' : code}: ${message}`;
  if (passing.test(code) || statusCode === undefined || statusCode >= 500 || statusCode === 429)
    return new TryLater(words, undefined, { cause: error });
  if (statusCode < 400) return new OutcomeUnknown(words, { cause: error });
  return new RequestRejected(words, { cause: error });
}
