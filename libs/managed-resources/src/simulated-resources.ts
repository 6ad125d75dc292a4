import { randomBytes } from 'node:crypto';
import type { ServiceOffering } from './catalogue';
import { RequestRejected } from './errors';
import {
  type BindingReference,
  type Bound,
  type Credentials,
  ManagedResources,
  type OperationProgress,
  type Presence,
  type ResourceChange,
  type ResourceReference,
  type ResourceRequest,
  type Started,
} from './managed-resources.port';

/** Where the simulation keeps what it has made. Values hold passwords. */
export interface SimulationRecords {
  get(key: string): Promise<string | undefined>;
  put(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
}

export interface SimulationOptions {
  readonly records: SimulationRecords;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long each thing takes, in milliseconds. */
  readonly takesMs: number;
}

interface Made {
  readonly serviceId: string;
  readonly planId: string;
  readonly readyAt: number;
  readonly bindings: Readonly<Record<string, Credentials>>;
}

const engines = [
  { name: 'simulated-mysql', scheme: 'mysql', port: 3306, database: true },
  { name: 'simulated-postgresql', scheme: 'postgresql', port: 5432, database: true },
  { name: 'simulated-redis', scheme: 'redis', port: 6379, database: false },
] as const;

/** A cloud for tests and demos: it makes nothing but credentials, takes its time for that, and remembers. */
export class SimulatedResources extends ManagedResources {
  constructor(private readonly options: SimulationOptions) {
    super();
  }

  override async catalogue(): Promise<readonly ServiceOffering[]> {
    return simulatedOfferings;
  }

  override async provision({ resourceId, serviceId, planId }: ResourceRequest): Promise<Started> {
    assertOffered(serviceId, planId);
    const known = await this.made(resourceId);
    if (known) return this.isReady(known) ? { done: true } : { done: false };
    await this.keep(resourceId, { serviceId, planId, readyAt: this.soon(), bindings: {} });
    return { done: false };
  }

  override async change({ resourceId, serviceId, planId }: ResourceChange): Promise<Started> {
    assertOffered(serviceId, planId);
    const known = await this.existing(resourceId);
    if (known.planId === planId) return this.isReady(known) ? { done: true } : { done: false };
    await this.keep(resourceId, { ...known, planId, readyAt: this.soon() });
    return { done: false };
  }

  override async lastOperation({ resourceId }: ResourceReference): Promise<OperationProgress> {
    const known = await this.made(resourceId);
    if (!known || this.isReady(known)) return { state: 'succeeded' };
    const left = known.readyAt - this.options.now();
    return { state: 'in-progress', description: 'the simulated cloud takes its time', retryAfterMs: left };
  }

  override async bind({ resourceId, bindingId }: BindingReference): Promise<Bound> {
    const known = await this.existing(resourceId);
    const before = known.bindings[bindingId];
    if (before) return { done: true, credentials: before };
    const credentials = credentialsOf(resourceId, known.serviceId);
    await this.keep(resourceId, { ...known, bindings: { ...known.bindings, [bindingId]: credentials } });
    return { done: true, credentials };
  }

  override async lastBindingOperation(): Promise<OperationProgress> {
    return { state: 'succeeded' };
  }

  override async credentials({ resourceId, bindingId }: BindingReference): Promise<Credentials> {
    const known = (await this.existing(resourceId)).bindings[bindingId];
    if (!known) throw new RequestRejected(`the simulated cloud has no binding "${bindingId}"`);
    return known;
  }

  override async unbind({ resourceId, bindingId }: BindingReference): Promise<Started> {
    const known = await this.made(resourceId);
    if (known) {
      const { [bindingId]: _, ...bindings } = known.bindings;
      await this.keep(resourceId, { ...known, bindings });
    }
    return { done: true };
  }

  override async deprovision({ resourceId }: ResourceReference): Promise<Started> {
    await this.options.records.delete(resourceId);
    return { done: true };
  }

  override async presenceOf({ resourceId }: ResourceReference): Promise<Presence> {
    return (await this.made(resourceId)) ? 'there' : 'gone';
  }

  private soon(): number {
    return this.options.now() + this.options.takesMs;
  }

  private isReady({ readyAt }: Made): boolean {
    return readyAt <= this.options.now();
  }

  private async existing(resourceId: string): Promise<Made> {
    const known = await this.made(resourceId);
    if (!known) throw new RequestRejected(`the simulated cloud has no resource "${resourceId}"`);
    return known;
  }

  private async made(resourceId: string): Promise<Made | undefined> {
    const text = await this.options.records.get(resourceId);
    return text === undefined ? undefined : (JSON.parse(text) as Made);
  }

  private async keep(resourceId: string, made: Made): Promise<void> {
    await this.options.records.put(resourceId, JSON.stringify(made));
  }
}

export const simulatedOfferings: readonly ServiceOffering[] = engines.map(({ name }) => ({
  serviceId: name,
  name,
  description: 'made up: credentials without a server behind them',
  tags: ['simulated'],
  retrievable: true,
  plans: ['small', 'large'].map((plan) => ({
    planId: plan,
    name: plan,
    description: `a ${plan} one that does not exist`,
    bindable: true,
    updatable: true,
  })),
}));

function assertOffered(serviceId: string, planId: string): void {
  const offering = simulatedOfferings.find((known) => known.serviceId === serviceId);
  if (!offering?.plans.some((plan) => plan.planId === planId))
    throw new RequestRejected(`the simulated cloud has no plan "${planId}" of "${serviceId}"`);
}

function credentialsOf(resourceId: string, serviceId: string): Credentials {
  const { scheme, port, database } = engines.find(({ name }) => name === serviceId)!;
  const host = `${scheme}-${resourceId.slice(0, 8)}.simulated-cloud.invalid`;
  const username = `u${randomBytes(6).toString('hex')}`;
  const password = randomBytes(18).toString('base64url');
  const path = database ? '/app' : '';
  return {
    ...{ host, port: String(port), username, password },
    ...(database && { database: 'app' }),
    uri: `${scheme}://${username}:${password}@${host}:${port}${path}`,
  };
}
