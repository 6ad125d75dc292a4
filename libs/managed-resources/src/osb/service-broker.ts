import type { ServiceOffering } from '../catalogue';
import { OutcomeUnknown, type ProviderError, RequestRejected, TryLater } from '../errors';
import {
  type BindingOperationKind,
  type BindingReference,
  type Bound,
  type Credentials,
  ManagedResources,
  type OperationKind,
  type OperationProgress,
  type Pending,
  type Presence,
  type ResourceChange,
  type ResourceReference,
  type ResourceRequest,
  type Started,
} from '../managed-resources.port';
import { type BrokerOffering, catalogueIn } from './broker-catalogue';
import { type BrokerAnswer, type BrokerEndpoint, BrokerHttp, type BrokerRequest, PLATFORM } from './broker-http';

export type { BrokerEndpoint } from './broker-http';

/** A call that takes longer is given up, as the specification suggests. */
const TIMEOUT_MS = 60_000;
const MAX_WORDS = 500;
/** How long a catalogue is good for. */
const CATALOGUE_GOOD_FOR_MS = 300_000;

/**
 * A broker that speaks the Open Service Broker API, version 2.17. What its answers mean, and after which of them what was to be made has to
 * be undone, follows the table "Orphan Mitigation" of the specification; whoever calls does the undoing, since it may take longer than a call.
 */
export class ServiceBroker extends ManagedResources {
  private readonly http: BrokerHttp;
  private known: { readonly at: number; readonly offerings: Promise<BrokerOffering[]> } | undefined;

  constructor(endpoint: BrokerEndpoint, { timeoutMs = TIMEOUT_MS }: { readonly timeoutMs?: number } = {}) {
    super();
    this.http = new BrokerHttp(endpoint, timeoutMs);
  }

  /** @throws ProviderError where the broker answers none */
  override async catalogue(): Promise<readonly ServiceOffering[]> {
    return this.offerings();
  }

  override async provision(request: ResourceRequest): Promise<Started> {
    const { serviceId, planId, parameters, customer } = request;
    const body = {
      service_id: serviceId,
      plan_id: planId,
      context: contextOf(request),
      // Required by the specification for brokers of before there was a context.
      organization_guid: customer.tenant,
      space_guid: customer.instanceId,
      parameters,
    };
    const answer = await this.making({ method: 'PUT', path: `${pathOf(request)}?accepts_incomplete=true`, body, customer });
    return startedBy(answer);
  }

  override async change(change: ResourceChange): Promise<Started> {
    const { serviceId, planId, previousPlanId, parameters, customer } = change;
    const body = {
      service_id: serviceId,
      ...(planId !== previousPlanId && { plan_id: planId }),
      context: contextOf(change),
      parameters,
      previous_values: { plan_id: previousPlanId },
    };
    const answer = await this.making({ method: 'PATCH', path: `${pathOf(change)}?accepts_incomplete=true`, body, customer });
    return startedBy(answer);
  }

  override async lastOperation(resource: ResourceReference, kind: OperationKind, ticket?: string): Promise<OperationProgress> {
    return this.progress(resource, `${pathOf(resource)}/last_operation`, kind === 'deprovision', ticket);
  }

  override async bind(binding: BindingReference): Promise<Bound> {
    const { serviceId, planId, customer } = binding;
    // A broker may take its time for a binding only where it can be fetched afterwards.
    const async = (await this.offering(serviceId))?.bindingsRetrievable === true;
    const body = {
      service_id: serviceId,
      plan_id: planId,
      context: contextOf(binding),
      bind_resource: { app_guid: customer.instanceId },
    };
    const path = `${bindingPathOf(binding)}${async ? '?accepts_incomplete=true' : ''}`;
    const answer = await this.making({ method: 'PUT', path, body, customer });
    if (answer.status === 202) return pendingIn(answer);
    return { done: true, credentials: credentialsIn(answer) };
  }

  override async lastBindingOperation(
    binding: BindingReference,
    kind: BindingOperationKind,
    ticket?: string,
  ): Promise<OperationProgress> {
    return this.progress(binding, `${bindingPathOf(binding)}/last_operation`, kind === 'unbind', ticket);
  }

  override async credentials(binding: BindingReference): Promise<Credentials> {
    const { customer } = binding;
    const answer = await this.http.send({ method: 'GET', path: `${bindingPathOf(binding)}?${idsOf(binding)}`, customer });
    if (answer.status !== 200) throw answer.status >= 500 ? new TryLater(wordsOf(answer)) : refusalOf(answer);
    return credentialsIn(answer);
  }

  override async unbind(binding: BindingReference): Promise<Started> {
    return this.removing(binding, bindingPathOf(binding));
  }

  override async deprovision(resource: ResourceReference): Promise<Started> {
    return this.removing(resource, pathOf(resource));
  }

  override async presenceOf(resource: ResourceReference): Promise<Presence> {
    if (!(await this.offering(resource.serviceId))?.retrievable) return 'unknown';
    const { customer } = resource;
    const { status } = await this.http.send({ method: 'GET', path: `${pathOf(resource)}?${idsOf(resource)}`, customer });
    if (status === 200) return 'there';
    if (status === 404 || status === 410) return 'gone';
    throw new TryLater(`the broker answers ${status} to whether resource "${resource.resourceId}" is there`);
  }

  close(): void {
    this.http.close();
  }

  /** The table of the specification, for calls that make something. */
  private async making(request: BrokerRequest): Promise<BrokerAnswer> {
    const answer = await this.http.send(request);
    const { status, body } = answer;
    if (body && (status === 200 || status === 201 || status === 202)) return answer;
    const words = wordsOf(answer);
    // It was made before, by the same call: what is malformed is only the answer.
    if (status === 200) throw new RequestRejected(words);
    if (status < 300 || status >= 500) throw new OutcomeUnknown(words);
    throw refusalOf(answer);
  }

  private async removing(resource: ResourceReference, path: string): Promise<Started> {
    const { customer } = resource;
    const answer = await this.http.send({
      method: 'DELETE',
      path: `${path}?${idsOf(resource)}&accepts_incomplete=true`,
      customer,
    });
    const { status } = answer;
    if (status === 200 || status === 410) return { done: true };
    if (status === 202) return pendingIn(answer);
    if (status < 300 || status >= 500) throw new OutcomeUnknown(wordsOf(answer));
    throw refusalOf(answer);
  }

  /** @throws TryLater for every answer that says nothing about the operation: then it is polled on */
  private async progress(
    resource: ResourceReference,
    path: string,
    removes: boolean,
    ticket?: string,
  ): Promise<OperationProgress> {
    const operation = ticket === undefined ? '' : `&operation=${encodeURIComponent(ticket)}`;
    const { customer } = resource;
    const answer = await this.http.send({ method: 'GET', path: `${path}?${idsOf(resource)}${operation}`, customer });
    const { status, body, retryAfterMs } = answer;
    if (status === 410) return removes ? { state: 'succeeded' } : { state: 'failed', description: 'the broker has it no more' };
    const state = status === 200 ? stateIn(body?.['state']) : undefined;
    if (!state) throw new TryLater(wordsOf(answer), retryAfterMs);
    const description = body?.['description'];
    return {
      state,
      ...(typeof description === 'string' && description !== '' && { description: description.slice(0, MAX_WORDS) }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    };
  }

  private async offering(serviceId: string): Promise<BrokerOffering | undefined> {
    return (await this.offerings()).find((known) => known.serviceId === serviceId);
  }

  private async offerings(): Promise<BrokerOffering[]> {
    const now = Date.now();
    if (!this.known || now - this.known.at > CATALOGUE_GOOD_FOR_MS) this.known = { at: now, offerings: this.fetchCatalogue() };
    const { known } = this;
    try {
      return await known.offerings;
    } catch (error) {
      if (this.known === known) this.known = undefined;
      // Reading changes nothing: whatever went wrong may be tried again.
      throw error instanceof OutcomeUnknown ? new TryLater(error.message, undefined, { cause: error }) : error;
    }
  }

  private async fetchCatalogue(): Promise<BrokerOffering[]> {
    const answer = await this.http.send({ method: 'GET', path: '/v2/catalog' });
    if (answer.status !== 200) throw answer.status >= 500 ? new TryLater(wordsOf(answer)) : refusalOf(answer);
    return catalogueIn(answer.body);
  }
}

const pathOf = ({ resourceId }: ResourceReference): string => `/v2/service_instances/${resourceId}`;

const bindingPathOf = (binding: BindingReference): string => `${pathOf(binding)}/service_bindings/${binding.bindingId}`;

const idsOf = ({ serviceId, planId }: ResourceReference): string =>
  `service_id=${encodeURIComponent(serviceId)}&plan_id=${encodeURIComponent(planId)}`;

function contextOf({ customer: { tenant, instanceId, node } }: ResourceReference) {
  return { platform: PLATFORM, tenant, instance_id: instanceId, instance_name: node };
}

function startedBy(answer: BrokerAnswer): Started {
  return answer.status === 202 ? pendingIn(answer) : { done: true };
}

function pendingIn({ body }: BrokerAnswer): Pending {
  const operation = body?.['operation'];
  return { done: false, ...(typeof operation === 'string' && { ticket: operation }) };
}

/** @throws OutcomeUnknown, RequestRejected where there are none */
function credentialsIn({ status, body }: BrokerAnswer): Credentials {
  const credentials = body?.['credentials'];
  if (typeof credentials === 'object' && credentials !== null && !Array.isArray(credentials))
    return Object.fromEntries(Object.entries(credentials).map(([name, value]) => [name, asText(value)]));
  const words = 'the broker answers a binding without credentials';
  throw status === 200 ? new RequestRejected(words) : new OutcomeUnknown(words);
}

/** Brokers answer any JSON: a port as a number, a list of hosts. */
const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** 4xx. The broker is busy with the same resource, or with everything; or it won't do it. */
function refusalOf(answer: BrokerAnswer): ProviderError {
  const { status, body, retryAfterMs } = answer;
  const busy = status === 408 || status === 429 || (status === 422 && body?.['error'] === 'ConcurrencyError');
  return busy ? new TryLater(wordsOf(answer), retryAfterMs) : new RequestRejected(wordsOf(answer));
}

/** What it says goes into the history: not at any length. */
function wordsOf({ status, body }: BrokerAnswer): string {
  const error = typeof body?.['error'] === 'string' ? ` ${body['error']}` : '';
  const description = typeof body?.['description'] === 'string' ? `: ${body['description']}` : '';
  return `the broker answers ${status}${error}${description}`.slice(0, MAX_WORDS);
}

function stateIn(state: unknown): OperationProgress['state'] | undefined {
  if (state === 'in progress') return 'in-progress';
  return state === 'succeeded' || state === 'failed' ? state : undefined;
}
