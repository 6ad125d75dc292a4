import { type BrokerFault, TestBroker } from '../../testing';
import { OutcomeUnknown, type ProviderError, RequestRejected, TryLater } from '../errors';
import { ServiceBroker } from './service-broker';

const request = {
  resourceId: 'b9ba1c1e-0000-4000-8000-000000000001',
  serviceId: 'svc-postgresql',
  planId: 'plan-small',
  parameters: { region: 'eu' },
  customer: { tenant: 'ten_1', instanceId: 'inst_1', node: 'db' },
};
const binding = { ...request, bindingId: 'b9ba1c1e-0000-4000-8000-000000000002' };

describe('A service broker', () => {
  let broker: TestBroker;
  let client: ServiceBroker;
  beforeEach(async () => {
    broker = await TestBroker.start({ polls: 0, asyncBindings: false });
    client = new ServiceBroker({ url: broker.url, credentials: broker.credentials });
  });
  afterEach(async () => {
    client.close();
    await broker.stop();
  });

  it('is told the version, who asks for whom, and which call it is', async () => {
    await client.provision(request);
    const { headers, body, path } = broker.calls.at(-1)!;
    expect(path).toBe(`/v2/service_instances/${request.resourceId}?accepts_incomplete=true`);
    expect(headers).toMatchObject({ 'x-broker-api-version': '2.17' });
    expect(headers['x-broker-api-request-identity']).toMatch(/^[0-9a-f-]{36}$/);
    const [platform, identity = ''] = String(headers['x-broker-api-originating-identity']).split(' ');
    expect(platform).toBe('souk');
    expect(JSON.parse(Buffer.from(identity, 'base64').toString())).toEqual({ tenant: 'ten_1', instanceId: 'inst_1' });
    expect(body).toEqual({
      service_id: 'svc-postgresql',
      plan_id: 'plan-small',
      context: { platform: 'souk', tenant: 'ten_1', instance_id: 'inst_1', instance_name: 'db' },
      organization_guid: 'ten_1',
      space_guid: 'inst_1',
      parameters: { region: 'eu' },
    });
  });

  it('takes a bearer token as well', async () => {
    const other = new ServiceBroker({ url: `${broker.url}/`, credentials: { token: 'broker-token' } });
    expect(await other.catalogue()).toHaveLength(1);
    other.close();
    const wrong = new ServiceBroker({ url: broker.url, credentials: { token: 'wrong' } });
    await expect(wrong.catalogue()).rejects.toThrow(RequestRejected);
    wrong.close();
  });

  it('is the only one who is told anything, whatever the path of its URL looks like', async () => {
    const other = await TestBroker.start({ polls: 0 });
    const odd = new ServiceBroker({ url: `${broker.url}//${new URL(other.url).host}`, credentials: broker.credentials });
    await odd.catalogue();
    expect([broker.calls.length, other.calls.length]).toEqual([1, 0]);
    odd.close();
    await other.stop();
  });

  it('says of its plans what they allow', async () => {
    const [offering] = await client.catalogue();
    expect(offering).toMatchObject({ name: 'broker-postgresql', retrievable: true, tags: ['postgresql'] });
    expect(offering!.plans.map(({ name, updatable, maximumPollingSeconds }) => [name, updatable, maximumPollingSeconds])).toEqual(
      [
        ['small', true, 600],
        ['large', true, undefined],
        ['fixed', false, undefined],
      ],
    );
  });

  it('is not asked for its catalogue again and again, but is after a failure', async () => {
    broker.goesWrong({ method: 'GET', when: 'before', status: 503 }, { method: 'GET', when: 'after', body: '{"services": 1}' });
    await expect(client.catalogue()).rejects.toThrow(TryLater);
    await expect(client.catalogue()).rejects.toThrow(TryLater);
    await Promise.all([client.catalogue(), client.catalogue()]);
    await client.catalogue();
    expect(broker.count('GET', /catalog/)).toBe(3);
  });

  /** The table "Orphan Mitigation" of the specification; what is rejected was not made. */
  describe.each([
    ['provision', (): Promise<unknown> => client.catalogue(), (of: ServiceBroker): Promise<unknown> => of.provision(request)],
    ['bind', (): Promise<unknown> => client.provision(request), (of: ServiceBroker): Promise<unknown> => of.bind(binding)],
  ] as const)('asked to %s', (_, prepare, ask) => {
    const answers: [string, Omit<BrokerFault, 'method'>, new (message: string) => ProviderError][] = [
      ['200, malformed', { when: 'after', status: 200, body: 'ok' }, RequestRejected],
      ['201, malformed', { when: 'after', status: 201, body: '[]' }, OutcomeUnknown],
      ['202, malformed', { when: 'after', status: 202, body: '' }, OutcomeUnknown],
      ['204', { when: 'after', status: 204, body: '' }, OutcomeUnknown],
      ['302', { when: 'before', status: 302, headers: { location: 'http://127.0.0.1:1/' } }, RequestRejected],
      ['400', { when: 'before', status: 400 }, RequestRejected],
      ['401', { when: 'before', status: 401 }, RequestRejected],
      ['408', { when: 'before', status: 408 }, TryLater],
      ['409', { when: 'before', status: 409 }, RequestRejected],
      ['422, something else is under way', { when: 'before', status: 422, body: '{"error":"ConcurrencyError"}' }, TryLater],
      ['422, another reason', { when: 'before', status: 422, body: '{"error":"MaintenanceInfoConflict"}' }, RequestRejected],
      ['429', { when: 'before', status: 429, headers: { 'retry-after': '7' } }, TryLater],
      ['500', { when: 'after', status: 500, body: '<html>' }, OutcomeUnknown],
      ['503', { when: 'before', status: 503 }, OutcomeUnknown],
      ['nothing in time', { when: 'hang' }, OutcomeUnknown],
      ['nothing: the connection breaks', { when: 'cut' }, OutcomeUnknown],
    ];

    it.each(answers)('and answering %s', async (_, fault, expected) => {
      await prepare();
      await client.catalogue();
      broker.goesWrong({ method: 'PUT', ...fault });
      // Only where there is no answer at all is there a time to be short of.
      const options = fault.when === 'hang' ? { timeoutMs: 1_000 } : {};
      const asking = new ServiceBroker({ url: broker.url, credentials: broker.credentials }, options);
      await expect(ask(asking)).rejects.toThrow(expected);
      asking.close();
    });
  });

  it('says when it wants to be asked again', async () => {
    broker.goesWrong({ method: 'PUT', when: 'before', status: 429, headers: { 'retry-after': '7' } });
    await expect(client.provision(request)).rejects.toMatchObject({ retryAfterMs: 7000 });
    broker.configure({ polls: 3 });
    const started = await client.provision(request);
    const body = '{"state":"in progress"}';
    broker.goesWrong({ method: 'GET', when: 'before', status: 200, body, headers: { 'retry-after': '30' } });
    const ticket = started.done ? undefined : started.ticket;
    expect(await client.lastOperation(request, 'provision', ticket)).toEqual({ state: 'in-progress', retryAfterMs: 30_000 });
  });

  it('that is not there has not done anything', async () => {
    await broker.stop();
    await expect(client.provision(request)).rejects.toThrow(TryLater);
  });

  it('is polled on while its answers say nothing about the operation', async () => {
    broker.configure({ polls: 1 });
    await client.provision(request);
    broker.goesWrong({ method: 'GET', when: 'before', status: 500 }, { method: 'GET', when: 'before', status: 404 });
    for (let time = 0; time < 2; time++)
      await expect(client.lastOperation(request, 'provision', 'provision-1')).rejects.toThrow(TryLater);
    expect(await client.lastOperation(request, 'provision', 'provision-1')).toMatchObject({ state: 'succeeded' });
  });

  it('that knows a resource no more has removed it, or failed to make it', async () => {
    expect(await client.lastOperation(request, 'deprovision')).toEqual({ state: 'succeeded' });
    expect(await client.lastOperation(request, 'provision')).toMatchObject({ state: 'failed' });
  });

  it('answers credentials of any JSON as texts', async () => {
    await client.provision(request);
    const bound = await client.bind(binding);
    expect(bound).toMatchObject({ done: true, credentials: { port: '5432', replicas: '["a","b"]' } });
  });

  it('may ask for asynchronous bindings only where they can be fetched', async () => {
    await client.provision(request);
    await client.bind(binding);
    expect(broker.calls.at(-1)!.path).toContain('accepts_incomplete=true');
  });
});
