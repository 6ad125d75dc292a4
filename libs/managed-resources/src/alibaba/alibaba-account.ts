/** An account of Alibaba Cloud, and where in it databases are made. Holds a secret: never logged. */
export interface AlibabaAccount {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly regionId: string;
  readonly zoneId?: string;
  readonly vpcId: string;
  readonly vSwitchId: string;
  /** Addresses that may connect: those of the clusters, as CIDR, separated by commas. */
  readonly securityIPList: string;
  /** Sizes, by the names of plans; those of {@link usualSizes} where it is left out. */
  readonly sizes?: Readonly<Record<string, AlibabaSize>>;
  /** Host and port, where it is not the usual one of the region; over plain http in a test. */
  readonly endpoint?: string;
  readonly protocol?: 'http' | 'https';
}

/** Classes of RDS: `mysql.n2.medium.1`, `pg.n2.2c.1m`. */
export interface AlibabaSize {
  readonly mysql: string;
  readonly postgresql: string;
  readonly storageGB: number;
}

export const usualSizes: Readonly<Record<string, AlibabaSize>> = {
  small: { mysql: 'mysql.n2.small.1', postgresql: 'pg.n2.2c.1m', storageGB: 20 },
  medium: { mysql: 'mysql.n2.medium.1', postgresql: 'pg.n2.4c.1m', storageGB: 50 },
  large: { mysql: 'mysql.n2.large.1', postgresql: 'pg.n4.4c.1m', storageGB: 100 },
};

/** The file is no account. Tells every field, and no value. */
export class InvalidAlibabaAccount extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`the file with the account of Alibaba Cloud can't be taken: ${problems.join('; ')}`);
    this.name = new.target.name;
  }
}

const texts = ['accessKeyId', 'accessKeySecret', 'regionId', 'vpcId', 'vSwitchId', 'securityIPList'] as const;

/** @throws InvalidAlibabaAccount with every problem */
export function alibabaAccountIn(text: string): AlibabaAccount {
  const fields = fieldsIn(text);
  const problems: string[] = texts
    .filter((name) => typeof fields[name] !== 'string' || fields[name] === '')
    .map((name) => `"${name}" is missing`);
  const { sizes } = fields;
  if (sizes !== undefined && !(typeof sizes === 'object' && sizes !== null && Object.values(sizes).every(isSize)))
    problems.push('"sizes" has to be an object of {mysql, postgresql, storageGB}');
  if (problems.length > 0) throw new InvalidAlibabaAccount(problems);
  return fields as unknown as AlibabaAccount;
}

function fieldsIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // What it says may be a secret: only that it is none is told.
  }
  throw new InvalidAlibabaAccount(['it holds no JSON object']);
}

function isSize(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { mysql, postgresql, storageGB } = value as Record<string, unknown>;
  return typeof mysql === 'string' && typeof postgresql === 'string' && typeof storageGB === 'number' && storageGB > 0;
}
