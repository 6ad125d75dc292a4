import { createHistogram } from 'node:perf_hooks';
import { quantile } from './statistics.mjs';

/**
 * That many workers, each of which begins anew as soon as it is done.
 * @param {{ workers: number, seconds: number, one: (worker: number) => Promise<unknown> }} load
 * @returns {Promise<{ throughput: number }>} per second
 */
export async function closedLoop({ workers, seconds, one }) {
  const start = performance.now();
  const end = start + seconds * 1000;
  let done = 0;
  const work = async (worker) => {
    while (performance.now() < end) {
      await one(worker);
      done++;
    }
  };
  await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
  return { throughput: (done / (performance.now() - start)) * 1000 };
}

/**
 * Begins at a fixed rate, whether or not the earlier ones are done; a latency counts from the instant at which it should have begun.
 * @param {{ rate: number, seconds: number, one: () => Promise<unknown> }} load rate: per second
 * @returns {Promise<{ p50: number, p99: number, max: number }>} milliseconds
 */
export async function openLoop({ rate, seconds, one }) {
  const histogram = createHistogram({ figures: 3 });
  const total = Math.round(rate * seconds);
  const start = performance.now();
  const running = new Set();
  for (let begun = 0; begun < total;) {
    const due = Math.min(total, Math.floor(((performance.now() - start) / 1000) * rate));
    for (; begun < due; begun++) {
      const intended = start + (begun / rate) * 1000;
      const call = one().then(() => {
        histogram.record(Math.max(1, Math.round((performance.now() - intended) * 1000)));
        running.delete(call);
      });
      running.add(call);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(running);
  return { p50: histogram.percentile(50) / 1000, p99: histogram.percentile(99) / 1000, max: histogram.max / 1000 };
}

/**
 * One after the other, that many times: the latency of something that nobody else disturbs.
 * @returns {Promise<{ p50: number, p99: number, max: number }>} milliseconds
 */
export async function inSequence(times, one) {
  const latencies = [];
  for (let i = 0; i < times; i++) {
    const begun = performance.now();
    await one(i);
    latencies.push(performance.now() - begun);
  }
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), max: Math.max(...latencies) };
}
