import { Injectable } from '@nestjs/common';
import { platformTenant } from '@souk/contracts';
import { type CommandContext, CommandHandler, type CommandOutcome, EventStore } from '@souk/event-sourcing';
import { AddressRefused, assertPublicOrAllowed, guardedLookup } from '@souk/kubernetes';
import { type BrokerEndpoint, ProviderError, ServiceBroker, type ServiceOffering, TryLater } from '@souk/managed-resources';
import { Clock, InjectReadModel, NameRegistry } from '@souk/platform';
import type { ReadModel } from '@souk/read-store';
import { SecretVault } from '@souk/secrets';
import { type Broker, serviceBroker } from '../../domain/cloud/service-broker';
import { BrokerInUse, BrokerNotFound, BrokerRefused, OfferingTaken } from '../../domain/cloud/service-broker.errors';
import type { BrokerDescription, BrokerEvent } from '../../domain/cloud/service-broker.events';
import { type CloudResourcesDoc, cloudResourcesProjection } from '../../projections/cloud-resources.projection';
import { type BrokerDoc, serviceBrokersProjection } from '../../projections/service-brokers.projection';
import { DeploymentSettings } from '../deployment-settings';

export interface BrokerRegistration {
  readonly brokerId: string;
  readonly name: string;
  readonly url: string;
  readonly credentials: BrokerEndpoint['credentials'];
  readonly certificateAuthority?: string;
}

type Outcome = CommandOutcome<Broker, BrokerEvent>;

/** Most brokers of an installation. */
const MOST = 100;
/** How long a removal waits until everything that was asked for before it can be seen, in milliseconds. */
const PATIENCE = 5_000;

/** As URLs write them: a name may lead anywhere. */
const LOOPBACK = /^(127(\.\d{1,3}){3}|\[::1\])$/;

const credentialsName = (brokerId: string): string => `service-broker/${brokerId}`;

/** Service brokers that operators have registered, and a client for each. */
@Injectable()
export class ServiceBrokers {
  private readonly clients = new Map<string, ServiceBroker>();

  constructor(
    private readonly commands: CommandHandler,
    private readonly names: NameRegistry,
    private readonly vault: SecretVault,
    private readonly clock: Clock,
    private readonly settings: DeploymentSettings,
    private readonly store: EventStore,
    @InjectReadModel(serviceBrokersProjection) private readonly brokers: ReadModel<BrokerDoc>,
    @InjectReadModel(cloudResourcesProjection) private readonly resources: ReadModel<CloudResourcesDoc>,
  ) {}

  /**
   * @param others what others offer
   * @throws BrokerRefused where no broker may be, or none answers; OfferingTaken, NameTaken
   */
  async register(
    registration: BrokerRegistration,
    others: readonly ServiceOffering[],
    context: CommandContext,
  ): Promise<Outcome> {
    const { brokerId, name, url, credentials, certificateAuthority } = registration;
    const { state } = await this.commands.load(serviceBroker, brokerId);
    // A repeat takes nothing again: the broker may be removed by now, and its name another's.
    if (state.status === 'unknown') {
      await this.assertUsable({ url, credentials, ...(certificateAuthority !== undefined && { certificateAuthority }) }, others);
      const subject = { kind: 'service-broker', tenant: platformTenant, name };
      await this.names.reserve(subject, brokerId, `broker-${brokerId}`, context, this.clock.now());
      await this.vault.put(platformTenant, credentialsName(brokerId), JSON.stringify(credentials));
    }
    const description: BrokerDescription = {
      ...{ brokerId, ownerTenant: platformTenant, name, url },
      authentication: 'token' in credentials ? 'bearer' : 'basic',
      ...(certificateAuthority !== undefined && { certificateAuthority }),
    };
    return this.commands.handle(serviceBroker, brokerId, { type: 'RegisterBroker', description }, context);
  }

  /** @throws BrokerNotFound, BrokerInUse */
  async remove(brokerId: string, context: CommandContext): Promise<Outcome> {
    const { state } = await this.commands.load(serviceBroker, brokerId);
    if (state.status === 'unknown') throw new BrokerNotFound(brokerId);
    await this.resources.waitFor(await this.store.head(), PATIENCE);
    const { items } = await this.resources.query({ index: 'byProvider', where: { providers: brokerId }, limit: 1 });
    if (items[0]) throw new BrokerInUse(brokerId, items[0].instanceId);
    const outcome = await this.commands.handle(serviceBroker, brokerId, { type: 'RemoveBroker', brokerId }, context);
    this.forget(brokerId);
    await this.vault.delete(platformTenant, credentialsName(brokerId));
    const { name } = state.description;
    await this.names.release({ kind: 'service-broker', tenant: platformTenant, name }, brokerId, context);
    return outcome;
  }

  async list(): Promise<readonly BrokerDoc[]> {
    return (await this.brokers.query({ index: 'all', where: {}, limit: MOST })).items;
  }

  async ids(): Promise<string[]> {
    return (await this.list()).map(({ brokerId }) => brokerId);
  }

  /** `undefined` where there is no such broker (any more): another replica may have removed it. */
  async client(brokerId: string): Promise<ServiceBroker | undefined> {
    const known = this.clients.get(brokerId);
    if (known && (await this.brokers.get(brokerId))) return known;
    const { state } = await this.commands.load(serviceBroker, brokerId);
    if (state.status !== 'registered') {
      this.forget(brokerId);
      return undefined;
    }
    const text = await this.vault.get(platformTenant, credentialsName(brokerId));
    if (text === undefined) return undefined;
    const { url, certificateAuthority } = state.description;
    const credentials = JSON.parse(text) as BrokerEndpoint['credentials'];
    const already = this.clients.get(brokerId);
    if (already) return already;
    const client = this.clientOf({ url, credentials, ...(certificateAuthority !== undefined && { certificateAuthority }) });
    this.clients.set(brokerId, client);
    return client;
  }

  private forget(brokerId: string): void {
    this.clients.get(brokerId)?.close();
    this.clients.delete(brokerId);
  }

  private clientOf(endpoint: Omit<BrokerEndpoint, 'lookup' | 'assertAllowed'>): ServiceBroker {
    const { allowedClusterAddresses: allowed, cloudCallTimeoutMs: timeoutMs } = this.settings;
    const assertAllowed = () =>
      assertPublicOrAllowed(endpoint.url, allowed).catch((error: unknown) => {
        throw new TryLater(wordsOf(error, endpoint.url), undefined, { cause: error });
      });
    return new ServiceBroker({ ...endpoint, lookup: guardedLookup(allowed), assertAllowed }, { timeoutMs });
  }

  private async assertUsable(
    endpoint: Omit<BrokerEndpoint, 'lookup' | 'assertAllowed'>,
    others: readonly ServiceOffering[],
  ): Promise<void> {
    if (!URL.canParse(endpoint.url)) throw new BrokerRefused(`"${endpoint.url}" is no URL`);
    const { protocol, hostname, pathname } = new URL(endpoint.url);
    // Nobody listens on the way to this machine itself, which has to be allowed as any address that nothing should be at.
    if (protocol !== 'https:' && !(protocol === 'http:' && LOOPBACK.test(hostname)))
      throw new BrokerRefused('its URL has to begin with https://: it is told credentials');
    if (pathname.includes('//')) throw new BrokerRefused('the path of its URL has an empty part: "//"');
    const client = this.clientOf(endpoint);
    try {
      const names = new Set(others.map(({ name }) => name));
      const taken = (await client.catalogue()).map(({ name }) => name).filter((name) => names.has(name));
      if (taken.length > 0) throw new OfferingTaken(taken);
    } catch (error) {
      if (error instanceof ProviderError) throw new BrokerRefused(error.message);
      throw error;
    } finally {
      client.close();
    }
  }
}

function wordsOf(error: unknown, url: string): string {
  if (error instanceof AddressRefused) return `"${error.host}" is at ${error.address}, where no broker may be`;
  return `"${new URL(url).hostname}" can't be found`;
}
