import { setTimeout as delay } from 'node:timers/promises';
import { all } from './customer.mjs';

/** Of the orders, those that are refunded; of the deliveries, those that come when the others have had their effect. */
const REFUNDED = 0.3;
const LATE = 0.1;
const MOST_DELIVERIES = 5;
const SENDERS = 16;
/** Between two looks, and how long nothing may move before it is taken for the end, in milliseconds. */
const LOOK_EVERY = 500;
const PATIENCE = 90_000;

/**
 * Orders, some of them refunded. Whatever happened to one is told one to five times; everything comes in an order drawn at random, some of it late. What
 * comes of it must follow from what happened alone: one instance of each order that is paid, none of one that was refunded.
 * @returns the orders that are paid, and what is not as it must be, in words
 */
export async function shuffledOrders({ shop, cluster, count, random, log }) {
  const orders = Array.from({ length: count }, (_, i) => ({ orderId: `shuffled-${i}`, isPaid: random() >= REFUNDED }));
  const deliveries = orders.flatMap(({ orderId, isPaid }) =>
    [shop.paid(orderId), ...(isPaid ? [] : [shop.refunded(orderId)])].flatMap((event) =>
      Array.from({ length: 1 + Math.floor(random() * MOST_DELIVERIES) }, () => ({ event, key: random() })),
    ),
  );
  deliveries.sort((a, b) => a.key - b.key);
  const inTime = Math.floor(deliveries.length * (1 - LATE));
  const deliver = async (some) => {
    let sent = 0;
    const send = async () => {
      for (let event; (event = some[sent++]?.event);) {
        await shop.deliver(event);
        log(`${sent} of ${some.length} deliveries of ${count} orders`);
      }
    };
    await Promise.all(Array.from({ length: SENDERS }, send));
  };
  await deliver(deliveries.slice(0, inTime));
  // Some refunds are still to come: as soon as most of the rest is done.
  await until(count * LATE, async () => problemsOf(orders, await found(shop)).length, log);
  await deliver(deliveries.slice(inTime));
  await until(0, async () => problemsOf(orders, await found(shop)).length, log);
  const end = await found(shop);
  const paid = orders.filter(({ isPaid }) => isPaid);
  for (const one of paid) Object.assign(one, { ...instanceOf(one, end), ends: 'running' });
  const problems = [...problemsOf(orders, end), ...(await leftOver(cluster, orders, end))];
  return { paid, deliveries: deliveries.length, problems };
}

/** What there is by now, by the lists of the buyer. */
async function found(shop) {
  const [purchases, instances] = await Promise.all([all(shop.buyer, '/v1/purchases'), all(shop.buyer, '/v1/instances')]);
  const byName = new Map();
  for (const one of instances) byName.set(one.name, [...(byName.get(one.name) ?? []), one]);
  return { purchases: new Map(purchases.map((one) => [one.orderId, one])), instances: byName };
}

function instanceOf({ orderId }, { purchases }) {
  const { purchaseId, instanceId } = purchases.get(orderId) ?? {};
  return { purchaseId, instanceId };
}

/** An instance is one from the moment on at which it was asked for: the cluster may have no room for all of them. */
function problemsOf(orders, { purchases, instances }) {
  const problems = [];
  for (const { orderId, isPaid } of orders) {
    const all = instances.get(orderId) ?? [];
    const live = all.filter(({ status }) => status !== 'deleted');
    const status = purchases.get(orderId)?.status;
    if (status !== (isPaid ? 'paid' : 'refunded')) problems.push(`${orderId} is ${status}`);
    else if (all.length > 1) problems.push(`${orderId} has had ${all.length} instances`);
    else if (live.length !== (isPaid ? 1 : 0)) problems.push(`${orderId} has ${live.length} instances, and is ${status}`);
  }
  return problems;
}

/** Namespaces of refunded orders. */
async function leftOver(cluster, orders, { purchases }) {
  const { items } = await cluster.get(`/api/v1/namespaces?labelSelector=${encodeURIComponent('souk.dev/instance')}`);
  const refunded = new Set(orders.filter(({ isPaid }) => !isPaid).map(({ orderId }) => purchases.get(orderId)?.instanceId));
  return items
    .map(({ metadata }) => metadata.labels['souk.dev/instance'])
    .filter((instanceId) => refunded.has(instanceId))
    .map((instanceId) => `the namespace of ${instanceId} is left over`);
}

/** Until no more orders than that are not as they must be, or nothing moves any more: what is wrong then is told by whoever looks. */
async function until(most, wrong, log) {
  let least = Infinity;
  for (let end = performance.now() + PATIENCE; performance.now() < end; await delay(LOOK_EVERY)) {
    const count = await wrong();
    if (count <= most) return;
    if (count < least) end = performance.now() + PATIENCE;
    least = Math.min(least, count);
    log(`all delivered, waiting for ${count} orders`);
  }
}
