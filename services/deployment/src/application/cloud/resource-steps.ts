import { Injectable } from '@nestjs/common';
import {
  type Credentials,
  type ManagedResources,
  type OperationProgress,
  OutcomeUnknown,
  ProviderError,
  RequestRejected,
  type ResourceReference,
  type Started,
} from '@souk/managed-resources';
import { Clock } from '@souk/platform';
import { notReplaceable, notUpdatable } from '../../domain/cloud/cloud-node';
import { type Place, placeOf, type Resource, type Resources } from '../../domain/cloud/resources';
import { type Trouble, troubleOf } from '../../domain/cloud/resource-trouble';
import { bindingIdOf, MAX_DELAYS } from '../../domain/cloud/resources.decide';
import { CloudProviders, NotOffered } from './cloud-providers';
import { CloudResources, type Told } from './cloud-resources';

/** What came of one step: a fact, or that there is to wait; where something was begun once more, after that is recorded. */
export type Step = (Told | Wait) & {
  /** What its provider said itself: for the log only. */
  readonly said?: string;
};

export interface Wait {
  readonly type: 'wait';
  readonly afterMs?: number;
  /** Why it takes longer than it should. */
  readonly delay?: Trouble;
  readonly told?: Told;
}

type In<Status extends Resource['status']> = Extract<Resource, { status: Status }>;

/** A resource whose provider is known, with everything that a call about it needs. */
interface At {
  readonly instanceId: string;
  readonly provider: ManagedResources;
  readonly reference: ResourceReference;
}

const wait = (afterMs?: number): Wait => ({ type: 'wait', ...(afterMs !== undefined && { afterMs }) });

/**
 * The next step of a managed resource, whatever it is at. What it is at was recorded before, and every call may be repeated: whoever takes
 * the step again after a crash finds what the one before has made.
 *
 * After an answer that leaves open whether something was made, it is undone, and then tried anew under another id, since the call may still
 * take effect.
 */
@Injectable()
export class ResourceSteps {
  constructor(
    private readonly providers: CloudProviders,
    private readonly resources: CloudResources,
    private readonly clock: Clock,
  ) {}

  /** Never longer than its provider's calls may take. @throws what is no answer of a provider */
  async next(instanceId: string, resource: Resource, owner: Resources): Promise<Step> {
    const step = await this.tried(instanceId, resource, owner);
    return step.type === 'wait' ? (this.overdue(resource) ?? step) : step;
  }

  private async tried(instanceId: string, resource: Resource, owner: Resources): Promise<Step> {
    try {
      return await this.take(instanceId, resource, owner);
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      const tooLate = this.lateness(resource, error.message);
      if (tooLate) return tooLate;
      const afterMs = 'retryAfterMs' in error && typeof error.retryAfterMs === 'number' ? error.retryAfterMs : undefined;
      return { type: 'wait', delay: troubleIn(error), said: error.message, ...(afterMs !== undefined && { afterMs }) };
    }
  }

  private async take(instanceId: string, resource: Resource, owner: Resources): Promise<Step> {
    if (resource.status === 'requested') return this.place(resource);
    const place = placeOf(resource);
    if (!place) return { type: 'ResourceDeprovisioned', data: { confirmed: true } };
    const { resourceId, node } = resource;
    const { serviceId, planId } = place;
    const customer = { tenant: owner.ownerTenant, instanceId, node };
    const reference = { resourceId, serviceId, planId, customer };
    const at: At = { instanceId, provider: await this.providers.provider(place.provider), reference };
    switch (resource.status) {
      case 'placed':
        return this.provision(resource, at);
      case 'provisioning':
        return this.followProvisioning(resource, at);
      case 'provisioned':
        return this.bind(resource, at);
      case 'binding':
        return this.followBinding(resource, at);
      case 'change-requested':
        return this.change(resource, at);
      case 'changing':
        return this.followChange(resource, at);
      case 'leaving':
        return this.leave(resource, place, at);
      default:
        return wait();
    }
  }

  private async place({ spec }: Resource): Promise<Step> {
    try {
      const { provider, offering, plan } = await this.providers.offer(spec.service, spec.plan);
      const { planId, bindable, maximumPollingSeconds: longest } = plan;
      const deadline = longest && new Date(this.clock.now().getTime() + longest * 1000).toISOString();
      const place = { provider, serviceId: offering.serviceId, planId, bindable };
      return { type: 'ResourcePlaced', data: { ...place, ...(deadline && { deadline }) } };
    } catch (error) {
      if (error instanceof RequestRejected) return nothingMade(error);
      throw error;
    }
  }

  private async provision({ spec }: Resource, { instanceId, provider, reference }: At): Promise<Step> {
    const parameters = await this.resources.parameters(instanceId, spec);
    try {
      const started = await provider.provision({ ...reference, parameters });
      if (started.done) return { type: 'ResourceProvisioned', data: {} };
      return { type: 'ResourceProvisioning', data: ticketOf(started) };
    } catch (error) {
      if (error instanceof RequestRejected) return nothingMade(error);
      if (error instanceof OutcomeUnknown) return perhapsMade(troubleIn(error), true, error.message);
      throw error;
    }
  }

  private async followProvisioning(resource: In<'provisioning' | 'binding'>, { provider, reference }: At): Promise<Step> {
    const { state, description, retryAfterMs } = await provider.lastOperation(reference, 'provision', resource.ticket);
    if (state === 'succeeded') return { type: 'ResourceProvisioned', data: {} };
    if (state === 'failed') return perhapsMade(troubleOf('provider-failed'), false, description);
    return this.lateness(resource, description) ?? wait(retryAfterMs);
  }

  private async bind(resource: In<'placed' | 'provisioned'>, at: At): Promise<Step> {
    const { attempt: version, place } = resource;
    if (!place.bindable) return { type: 'ResourceBound', data: { version, credentials: [] } };
    try {
      const bound = await at.provider.bind(bindingOf(at));
      if (!bound.done) return { type: 'ResourceBinding', data: ticketOf(bound) };
      return await this.keep(resource, at, bound.credentials);
    } catch (error) {
      if (error instanceof RequestRejected) return perhapsMade(troubleIn(error), false, error.message);
      if (error instanceof OutcomeUnknown) return perhapsMade(troubleIn(error), true, error.message);
      throw error;
    }
  }

  private async followBinding(resource: In<'provisioning' | 'binding'>, at: At): Promise<Step> {
    const binding = bindingOf(at);
    const { state, description, retryAfterMs } = await at.provider.lastBindingOperation(binding, 'bind', resource.ticket);
    if (state === 'failed') return perhapsMade(troubleOf('provider-failed'), false, description);
    if (state === 'succeeded') return this.keep(resource, at, await at.provider.credentials(binding));
    return this.lateness(resource, description) ?? wait(retryAfterMs);
  }

  /** First the vault: what is said to be there can be read. */
  private async keep(resource: Resource, { instanceId }: At, credentials: Credentials): Promise<Step> {
    await this.resources.keepCredentials(instanceId, resource, credentials);
    return { type: 'ResourceBound', data: { version: resource.attempt, credentials: Object.keys(credentials).sort() } };
  }

  private async change({ to, spec, place }: In<'change-requested' | 'changing'>, at: At): Promise<Step> {
    const { provider, reference } = at;
    const parameters = await this.resources.parameters(at.instanceId, to);
    try {
      if (to.service !== spec.service) return notChanged(impossible(notReplaceable(spec.service, to.service)));
      const { plan, offering } = await this.providers.offer(to.service, to.plan);
      const known = offering.plans.find(({ planId }) => planId === place.planId);
      if (plan.planId !== place.planId && !known?.updatable) return notChanged(impossible(notUpdatable(spec.plan)));
      const { planId, bindable } = plan;
      const change = { ...reference, planId, previousPlanId: place.planId, parameters };
      const started = await provider.change(change);
      if (started.done) return { type: 'ResourceChanged', data: { plan: to.plan, planId, bindable } };
      return { type: 'ResourceChanging', data: { planId, ...ticketOf(started) } };
    } catch (error) {
      if (error instanceof RequestRejected) return notChanged(troubleIn(error), error.message);
      throw error;
    }
  }

  private async followChange(resource: In<'change-requested' | 'changing'>, { provider, reference }: At): Promise<Step> {
    const { to, ticket, planId = reference.planId, place } = resource;
    const { state, description, retryAfterMs } = await provider.lastOperation(reference, 'change', ticket);
    const { bindable } = place;
    if (state === 'succeeded') return { type: 'ResourceChanged', data: { plan: to.plan, planId, bindable } };
    if (state === 'failed') return notChanged(troubleOf('provider-failed'), description);
    return this.lateness(resource, description) ?? wait(retryAfterMs);
  }

  /** Nothing of it is to be left; so this is tried for as long as it takes, with a pause after every failure. */
  private async leave(resource: In<'leaving'>, { bindable }: Place, at: At): Promise<Step> {
    switch (resource.step) {
      case 'begin':
        return bindable ? this.unbind(resource, at) : { type: 'ResourceUnbound', data: {} };
      case 'unbinding': {
        if (isUntold(resource)) return again(await this.unbind(resource, at));
        const asked = await at.provider.lastBindingOperation(bindingOf(at), 'unbind', resource.ticket);
        if (asked.state === 'in-progress') return wait(asked.retryAfterMs);
        return asked.state === 'succeeded' ? this.forget(resource, at) : again(await this.unbind(resource, at), asked);
      }
      case 'unbound':
        return this.deprovision(at);
      case 'deprovisioning': {
        if (isUntold(resource)) return again(await this.deprovision(at));
        const asked = await at.provider.lastOperation(at.reference, 'deprovision', resource.ticket);
        if (asked.state === 'in-progress') return wait(asked.retryAfterMs);
        return asked.state === 'succeeded' ? this.confirm(at) : again(await this.deprovision(at), asked);
      }
    }
  }

  private async unbind(resource: Resource, at: At): Promise<Step> {
    const started = await at.provider.unbind(bindingOf(at));
    return started.done ? this.forget(resource, at) : { type: 'ResourceUnbinding', data: ticketOf(started) };
  }

  private async forget(resource: Resource, { instanceId }: At): Promise<Step> {
    await this.resources.forgetCredentials(instanceId, resource);
    return { type: 'ResourceUnbound', data: {} };
  }

  private async deprovision(at: At): Promise<Step> {
    const started = await at.provider.deprovision(at.reference);
    return started.done ? this.confirm(at) : { type: 'ResourceDeprovisioning', data: ticketOf(started) };
  }

  /** A look of our own, where the provider lets itself be asked. */
  private async confirm({ provider, reference }: At): Promise<Step> {
    const presence = await provider.presenceOf(reference);
    if (presence === 'there') return { type: 'wait', delay: troubleOf('still-there') };
    return { type: 'ResourceDeprovisioned', data: { confirmed: presence === 'gone' } };
  }

  /** What could not be made is not removed in time either: whoever wanted it waits no longer. Its removal goes on. */
  private overdue(resource: Resource): Step | undefined {
    if (resource.status !== 'leaving' || !resource.failure || resource.failure.late) return undefined;
    const { reason } = resource.failure;
    return this.isLate(resource) ? { type: 'ResourceFailed', data: { reason, left: true, passing: false } } : undefined;
  }

  private isLate({ deadline }: Resource): boolean {
    return this.clock.now().toISOString() >= deadline;
  }

  /** What is to be there by a time and is not. */
  private lateness(resource: Resource, words?: string): Step | undefined {
    if (resource.status === 'leaving' || !this.isLate(resource)) return undefined;
    const trouble = troubleOf('not-in-time');
    if (resource.status === 'change-requested' || resource.status === 'changing') return notChanged(trouble, words);
    return perhapsMade(trouble, false, words);
  }
}

const ticketOf = (started: Exclude<Started, { done: true }>) => (started.ticket === undefined ? {} : { ticket: started.ticket });

/** The ticket that is known may be that of an earlier try. Who removes what is gone is told so. */
const isUntold = ({ delays }: Resource): boolean => delays >= MAX_DELAYS;

/** A removal that was begun once more is not asked after at once. */
const again = (step: Step, { description: said }: Partial<OperationProgress> = {}): Step =>
  step.type === 'ResourceUnbinding' || step.type === 'ResourceDeprovisioning'
    ? { type: 'wait', told: step, delay: troubleOf('provider-failed'), ...(said !== undefined && { said }) }
    : step;

const bindingOf = ({ reference }: At) => ({ ...reference, bindingId: bindingIdOf(reference.resourceId) });

const nothingMade = (error: RequestRejected): Step => ({
  type: 'ResourceFailed',
  data: { ...troubleIn(error), left: false, passing: false },
  said: error.message,
});

const perhapsMade = (trouble: Trouble, passing: boolean, said?: string): Step => ({
  type: 'ResourceFailed',
  data: { ...trouble, left: true, passing },
  ...(said !== undefined && { said }),
});

const notChanged = (trouble: Trouble, said?: string): Step => ({
  type: 'ResourceChangeFailed',
  data: trouble,
  ...(said !== undefined && { said }),
});

const impossible = (reason: string): Trouble => ({ code: 'change-impossible', reason });

function troubleIn(error: ProviderError): Trouble {
  if (error instanceof NotOffered) return { code: 'not-offered', reason: error.message };
  if (error instanceof RequestRejected) return troubleOf('provider-refuses');
  return troubleOf(error instanceof OutcomeUnknown ? 'outcome-unknown' : 'provider-unavailable');
}
