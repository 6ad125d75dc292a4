/** How often each of these happened in the life of an instance that was bought, upgraded and refunded. */
const WHOLE_LIFE = {
  InstanceRequested: 1,
  CredentialCreated: 1,
  InitNodeCompleted: 1,
  UpgradeRequested: 1,
  DeleteRequested: 1,
  CredentialRevoked: 1,
  OperationSucceeded: 3,
};
/** And of one that was bought, and still runs. */
const RUNNING = { InstanceRequested: 1, CredentialCreated: 1, InitNodeCompleted: 1, OperationSucceeded: 1 };

/** One customer: buys, upgrades, has a refund, and again, whatever is killed meanwhile. */
export class Customer {
  /** What was acknowledged, and in what state it must be found at the end. */
  orders = [];

  constructor(shop, name) {
    this.shop = shop;
    this.name = name;
  }

  /** One instance from the purchase to the refund. @param restart it is started anew once as well */
  async wholeLife({ restart = false } = {}) {
    const order = await this.buy();
    if (restart) {
      await this.shop.restart(order.instanceId);
      order.restarts = 1;
      await this.shop.becomes(order.instanceId, ({ status, operation }) => status === 'running' && operation === undefined);
    }
    await this.shop.upgrade(order.instanceId);
    await this.shop.becomes(order.instanceId, ({ status, versionNumber }) => status === 'running' && versionNumber === '1.1.0');
    await this.shop.refund(order.orderId);
    await this.shop.becomes(order.instanceId, ({ status }) => status === 'deleted');
    order.ends = 'deleted';
  }

  /** An instance that runs. */
  async buy() {
    const order = { ...(await this.shop.buy(`${this.name}-${this.orders.length}`)), ends: 'running' };
    this.orders.push(order);
    await this.shop.becomes(order.instanceId, ({ status }) => status === 'running');
    return order;
  }
}

/**
 * What is there of these orders, and what is there too often, by the history, the lists and the cluster itself.
 * @param cluster of the simulated cluster, as its owner sees it
 */
export async function audit(shop, cluster, orders) {
  const sum = { lost: 0, doubled: 0, orphans: 0, problems: [] };
  const note = (kind, problem) => {
    sum[kind]++;
    sum.problems.push(problem);
  };
  const compare = (what, found, expected) => {
    if (found < expected) note('lost', `${what}: ${found}, not ${expected}`);
    if (found > expected) note('doubled', `${what}: ${found}, not ${expected}`);
  };
  const instances = await all(shop.buyer, '/v1/instances');
  for (const { orderId, instanceId, ends, restarts = 0 } of orders) {
    const kind = ends === 'deleted' ? WHOLE_LIFE : RUNNING;
    const expected = { ...kind, RestartRequested: restarts, OperationSucceeded: kind.OperationSucceeded + restarts };
    const history = await shop.history(instanceId);
    for (const [type, count] of Object.entries(expected)) compare(`${orderId} ${type}`, history[type] ?? 0, count);
    const { status } = await shop.buyer.get(`/v1/instances/${instanceId}`);
    if (status !== ends) note('lost', `${orderId} is ${status}, not ${ends}`);
    const namesakes = instances.filter(({ name, status: its }) => name === orderId && its !== 'deleted');
    compare(`${orderId} instances`, namesakes.length, ends === 'deleted' ? 0 : 1);
  }
  const { items } = await cluster.get(`/api/v1/namespaces?labelSelector=${encodeURIComponent('souk.dev/instance')}`);
  const running = new Set(orders.filter(({ ends }) => ends === 'running').map(({ instanceId }) => instanceId));
  const namespaces = items.map(({ metadata }) => metadata.labels['souk.dev/instance']);
  for (const instanceId of running)
    compare(`namespaces of ${instanceId}`, namespaces.filter((one) => one === instanceId).length, 1);
  for (const instanceId of namespaces) if (!running.has(instanceId)) note('orphans', `a namespace of ${instanceId}`);
  for (const { metadata } of items) compare(`jobs in ${metadata.name}`, (await cluster.jobs(metadata.name)).length, 1);
  return sum;
}

/** Every item of a list, page by page. */
export async function all(api, path) {
  const found = [];
  for (let cursor = ''; ;) {
    const { items, next } = await api.get(`${path}?limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    found.push(...items);
    if (!next) return found;
    cursor = next;
  }
}
