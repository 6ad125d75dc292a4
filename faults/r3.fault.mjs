import { randomOf } from '../bench/src/statistics.mjs';
import { MortalMarketplace } from './src/mortal-marketplace.mjs';
import { Shop } from './src/shop.mjs';
import { shuffledOrders } from './src/shuffled-orders.mjs';

const ORDERS = { full: 10_000, small: 40 };

/** Events of orders come repeated, shuffled and late; one instance for each order that is paid in the end, none for the others. */
export async function run({ small, seed, log, options }) {
  const marketplace = new MortalMarketplace();
  const patience = { over: false, retries: 0 };
  try {
    await marketplace.start();
    const shop = await Shop.open(marketplace.url, marketplace.token, patience);
    const count = Number(options.orders ?? (small ? ORDERS.small : ORDERS.full));
    const cluster = await marketplace.cluster();
    const { paid, deliveries, problems } = await shuffledOrders({ shop, cluster, count, random: randomOf(seed), log });
    const ok = problems.length === 0;
    const figures = `wrong=${problems.length} orders=${count} paid=${paid.length} deliveries=${deliveries}`;
    return { line: `R3 ${figures} ${ok ? 'ok' : 'FAILED'}`, ok, problems: problems.slice(0, 20) };
  } finally {
    patience.over = true;
    await marketplace.destroy();
  }
}
