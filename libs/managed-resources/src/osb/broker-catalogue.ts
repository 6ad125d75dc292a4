import type { ServiceOffering, ServicePlan } from '../catalogue';
import { OutcomeUnknown } from '../errors';

type Fields = Readonly<Record<string, unknown>>;

/** An offering as it is known here, and what else its broker says about it. */
export interface BrokerOffering extends ServiceOffering {
  /** Bindings may be made asynchronously, and fetched. */
  readonly bindingsRetrievable: boolean;
}

/** @throws OutcomeUnknown where it is no catalogue */
export function catalogueIn(body: Fields | undefined): BrokerOffering[] {
  const services = body?.['services'];
  if (!Array.isArray(services)) throw new OutcomeUnknown('the broker answers no catalogue: "services" is no list');
  return services.map((service) => offeringIn(fieldsOf(service, 'service')));
}

function offeringIn(service: Fields): BrokerOffering {
  const name = textIn(service, 'name');
  const plans = service['plans'];
  if (!Array.isArray(plans) || plans.length === 0) throw new OutcomeUnknown(`the service "${name}" of the broker has no plans`);
  const bindable = service['bindable'] === true;
  const updatable = service['plan_updateable'] === true;
  return {
    serviceId: textIn(service, 'id'),
    name,
    description: textIn(service, 'description'),
    tags: listOfTexts(service['tags']),
    plans: plans.map((plan) => planIn(fieldsOf(plan, 'plan'), bindable, updatable)),
    retrievable: service['instances_retrievable'] === true,
    bindingsRetrievable: service['bindings_retrievable'] === true,
  };
}

/** What a plan says takes precedence over its service. */
function planIn(plan: Fields, bindable: boolean, updatable: boolean): ServicePlan {
  const longest = plan['maximum_polling_duration'];
  const schema = schemaOfCreation(plan['schemas']);
  return {
    planId: textIn(plan, 'id'),
    name: textIn(plan, 'name'),
    description: textIn(plan, 'description'),
    bindable: typeof plan['bindable'] === 'boolean' ? plan['bindable'] : bindable,
    updatable: typeof plan['plan_updateable'] === 'boolean' ? plan['plan_updateable'] : updatable,
    ...(typeof longest === 'number' && longest > 0 && { maximumPollingSeconds: longest }),
    ...(schema && { parameters: schema }),
  };
}

function schemaOfCreation(schemas: unknown): Fields | undefined {
  let at = schemas;
  for (const key of ['service_instance', 'create', 'parameters'])
    at = typeof at === 'object' && at !== null ? (at as Fields)[key] : undefined;
  return typeof at === 'object' && at !== null && !Array.isArray(at) ? (at as Fields) : undefined;
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null) throw new OutcomeUnknown(`a ${what} in the broker's catalogue is no object`);
  return value as Fields;
}

function textIn(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || value === '') throw new OutcomeUnknown(`the broker's catalogue lacks a "${name}"`);
  return value;
}

function listOfTexts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
