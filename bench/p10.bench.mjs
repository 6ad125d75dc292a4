import {
  largeTopology,
  renderInstance,
  renderingSteps,
  toRender,
  validateTopology,
  validationOf,
  waveSteps,
  wavesOf,
} from './src/large-topology.mjs';
import { measureRatios } from './src/ratio.mjs';

const NODES = Number(process.env.SOUK_BENCH_NODES ?? 10_000);
/** How long one turn of the event loop may take. */
const TURN = { milliseconds: 20 };

/**
 * Validate, order and render a topology of 10,000 nodes with five arrows each, against what no way around leads past: Kahn's algorithm on the same
 * graph, and writing the rendered objects as JSON. Then ten times the size against once. Last, the longest
 * turn that the event loop takes over it where these go in steps, as services let them.
 */
export async function run({ log }) {
  const topology = largeTopology(NODES);
  const large = largeTopology(NODES * 10);
  const { nodes, surroundings } = renderInstance(toRender(topology));
  const ratios = await measureRatios({
    control: async () => timed(() => [kahn(topology), JSON.stringify([surroundings, nodes])]),
    ours: async () => worked(topology),
    figures: [{ id: 'P10', of: 'milliseconds', atMost: 3 }],
    onRound: (a, b) =>
      log(`  P10: control ${round(a)} ms, ours ${round(b)} ms: validate ${b.validate}, order ${b.order}, render ${b.render}`),
  });
  const growth = await measureRatios({
    control: async () => worked(topology),
    ours: async () => worked(large),
    figures: [{ id: 'P10-growth', of: 'milliseconds', atMost: 12 }],
    onRound: (a, b) => log(`  P10: ${NODES} nodes ${round(a)} ms, ten times as many ${round(b)} ms`),
  });
  const stall = await measureRatios({
    control: async () => TURN,
    ours: async () => ({ milliseconds: longestTurn(topology) }),
    figures: [{ id: 'P10-stall', of: 'milliseconds', atMost: 1 }],
    onRound: (_, { milliseconds }) => log(`  P10: longest turn ${milliseconds.toFixed(1)} ms`),
  });
  return [...ratios, ...growth, ...stall];
}

const round = ({ milliseconds }) => Math.round(milliseconds);

function timed(work) {
  const start = performance.now();
  work();
  return { milliseconds: performance.now() - start };
}

function worked(topology) {
  const input = toRender(topology);
  const validate = round(timed(() => validateTopology(topology)));
  const order = round(timed(() => wavesOf(topology)));
  const render = round(timed(() => renderInstance(input)));
  return { milliseconds: validate + order + render, validate, order, render };
}

function longestTurn(topology) {
  let longest = 0;
  for (const steps of [validationOf(topology), waveSteps(topology), renderingSteps(toRender(topology))]) {
    for (let done = false; !done;) {
      const { milliseconds } = timed(() => ({ done } = steps.next()));
      longest = Math.max(longest, milliseconds);
    }
  }
  return longest;
}

/** The plainest order: a queue of what waits for nothing any more. */
function kahn({ nodes, arrows }) {
  const waiting = new Map(nodes.map(({ serviceName }) => [serviceName, 0]));
  const sources = new Map(nodes.map(({ serviceName }) => [serviceName, []]));
  for (const { from, to } of arrows) {
    waiting.set(from, waiting.get(from) + 1);
    sources.get(to).push(from);
  }
  const order = [];
  for (const [name, count] of waiting) if (count === 0) order.push(name);
  for (let i = 0; i < order.length; i++) {
    for (const source of sources.get(order[i])) {
      const left = waiting.get(source) - 1;
      waiting.set(source, left);
      if (left === 0) order.push(source);
    }
  }
  if (order.length !== nodes.length) throw new Error('a cycle');
  return order;
}
