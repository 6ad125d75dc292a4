import { MortalProcesses } from './mortal-processes.mjs';
import { Shop } from './shop.mjs';

let shared;

/**
 * Separate processes with a shop that is open. Small runs one after the other have one world together, since most of their time is its start; it
 * ends with the process. Orders of all of them are in `orders`.
 * @param options of MortalProcesses
 */
export async function openWorld({ small, patience, ...options }) {
  if (!small) return open(patience, options, (world) => world.processes.close());
  shared ??= open(patience, options, () => undefined);
  const world = await shared;
  Object.assign(world.patience, { over: false, retries: 0 });
  return world;
}

async function open(patience, options, close) {
  const processes = await MortalProcesses.start(options);
  try {
    const shop = await Shop.open(processes.url, processes.token, patience);
    const world = { processes, shop, patience, orders: [] };
    return Object.assign(world, { close: () => close(world) });
  } catch (error) {
    await processes.close();
    throw error;
  }
}
