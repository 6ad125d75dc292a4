import { setTimeout as pause } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import {
  type ManagedResources,
  ProviderError,
  RequestRejected,
  type ServiceOffering,
  type ServicePlan,
  TryLater,
} from '@souk/managed-resources';
import type { Problem } from '@souk/event-sourcing';
import { isProcess, resolveNode, type Topology } from '@souk/topology';
import { cloudNodesOf, notReplaceable, notUpdatable } from '../../domain/cloud/cloud-node';
import type { ResourceSpec } from '../../domain/cloud/resources.events';
import { DeploymentSettings } from '../deployment-settings';
import { ServiceBrokers } from './service-brokers';

/** Providers that come with the installation, by name. Its own token. */
export abstract class BuiltInProviders {
  abstract readonly byName: ReadonlyMap<string, ManagedResources>;
}

/** A plan, and who has it. */
export interface Offer {
  readonly provider: string;
  readonly offering: ServiceOffering;
  readonly plan: ServicePlan;
}

/** What one provider offers now. */
export interface ProviderCatalogue {
  readonly provider: string;
  readonly offerings: readonly ServiceOffering[];
  /** Why it can't be asked. */
  readonly trouble?: string;
}

/** Nobody has such a plan: known from catalogues, in our own words. */
export class NotOffered extends RequestRejected {}

/** The name of the built-in provider whose resources cost nothing. */
export const SIMULATED = 'simulated';

/** How long somebody who asks for the catalogue waits for one provider, in milliseconds. */
const PATIENCE_MS = 3_000;

/** Everybody who provides managed resources: those of the installation, and registered brokers. Names of offerings are unique among them. */
@Injectable()
export class CloudProviders {
  constructor(
    private readonly builtIn: BuiltInProviders,
    private readonly brokers: ServiceBrokers,
    private readonly settings: DeploymentSettings,
  ) {}

  /** @throws TryLater where there is none of that name (now): what it has made is not given up for that */
  async provider(name: string): Promise<ManagedResources> {
    const provider = this.builtIn.byName.get(name) ?? (await this.brokers.client(name));
    if (!provider) throw new TryLater(`there is no provider "${name}" any more`);
    return provider;
  }

  /** Of all providers; of one that does not answer, why. */
  async catalogue(): Promise<ProviderCatalogue[]> {
    const names = [...this.builtIn.byName.keys(), ...(await this.brokers.ids())];
    return Promise.all(names.map((name) => this.catalogueOf(name)));
  }

  /**
   * Answers as soon as one of them has it: a provider that hangs stands in nobody's way.
   * @throws NotOffered where nobody has it; TryLater where somebody who did not answer may have it
   */
  async offer(service: string, plan: string): Promise<Offer> {
    const names = [...this.builtIn.byName.keys(), ...(await this.brokers.ids())];
    const asked = names.map(async (provider) => {
      const offering = (await (await this.provider(provider)).catalogue()).find(({ name }) => name === service);
      if (!offering) throw new RequestRejected(`"${provider}" has no service "${service}"`);
      return { provider, offering };
    });
    const found = await Promise.any(asked).catch((error: unknown) => {
      const open =
        error instanceof AggregateError ? (error.errors as unknown[]).find((one) => !(one instanceof RequestRejected)) : error;
      if (open === undefined) throw new NotOffered(`nobody offers a service "${service}"`);
      if (!(open instanceof ProviderError)) throw open as Error;
      throw new TryLater(open.message, undefined, { cause: open });
    });
    const known = found.offering.plans.find(({ name }) => name === plan);
    if (known) return { ...found, plan: known };
    const others = found.offering.plans.map(({ name }) => `"${name}"`).join(', ');
    throw new NotOffered(`the service "${service}" has no plan "${plan}"; there are ${others}`);
  }

  /**
   * Cloud nodes that nobody provides, or that can't become what they are to be. Says nothing of what a provider that does not answer may have,
   * and asks nobody about what stays as it is.
   * @param running what runs now
   */
  async problems(topology: Topology, running?: Topology): Promise<Problem[]> {
    const indices = new Map(topology.nodes.map(({ serviceName }, index) => [serviceName, index]));
    const standing = new Map((running ? cloudNodesOf(running) : []).map(({ name, spec }) => [name, spec]));
    const problems = cloudNodesOf(topology).map(async ({ name, spec }): Promise<Problem[]> => {
      const found = await this.problemOf(spec, standing.get(name));
      if (!found) return [];
      const { code, reason } = found;
      return [{ code, pointer: `/nodes/${indices.get(name)}/cloud`, message: `cloud node "${name}": ${reason}` }];
    });
    return (await Promise.all(problems)).flat();
  }

  private async problemOf(to: ResourceSpec, from?: ResourceSpec): Promise<{ code: string; reason: string } | undefined> {
    if (to.specHash === from?.specHash) return undefined;
    if (from && to.service !== from.service)
      return { code: 'cloud-service-changed', reason: notReplaceable(from.service, to.service) };
    try {
      const { offering } = await within(PATIENCE_MS, this.offer(to.service, to.plan));
      const isFixed = offering.plans.some(({ name, updatable }) => name === from?.plan && !updatable);
      return from && to.plan !== from.plan && isFixed ? { code: 'cloud-plan-fixed', reason: notUpdatable(from.plan) } : undefined;
    } catch (error) {
      if (error instanceof TryLater) return undefined;
      if (!(error instanceof NotOffered)) throw error;
      return { code: 'cloud-service-unavailable', reason: error.message };
    }
  }

  /** Cloud nodes that are not for trials: what they cost is nobody's then. */
  async trialProblems({ nodes }: Topology): Promise<Problem[]> {
    const { trialCloudPlans } = this.settings;
    const free = new Set(((await this.builtIn.byName.get(SIMULATED)?.catalogue()) ?? []).map(({ name }) => name));
    return nodes.flatMap((node, index) => {
      const resolved = resolveNode(node);
      if (isProcess(resolved)) return [];
      const { service, plan } = resolved.cloud;
      if (free.has(service) || trialCloudPlans.includes(`${service}/${plan}`)) return [];
      const message = `cloud node "${resolved.serviceName}": plan "${plan}" of "${service}" is not for trials`;
      return [{ code: 'plan-not-for-trials', pointer: `/nodes/${index}/cloud/plan`, message }];
    });
  }

  private async catalogueOf(provider: string): Promise<ProviderCatalogue> {
    try {
      return {
        provider,
        offerings: await within(
          PATIENCE_MS,
          this.provider(provider).then((known) => known.catalogue()),
        ),
      };
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      return { provider, offerings: [], trouble: error.message };
    }
  }
}

/** @throws TryLater where it takes longer; what it comes to is nobody's concern then */
async function within<Result>(ms: number, work: Promise<Result>): Promise<Result> {
  work.catch(() => undefined);
  const late = new AbortController();
  const patience = pause(ms, undefined, { signal: late.signal, ref: false }).then(() => {
    throw new TryLater(`no answer within ${ms} ms`);
  });
  patience.catch(() => undefined);
  try {
    return await Promise.race([work, patience]);
  } finally {
    late.abort();
  }
}
