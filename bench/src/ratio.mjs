import { median, spread } from './statistics.mjs';

/** Rounds until the spread of the ratios is below the limit; more than the last does not help any more. */
const ROUNDS = { least: 7, most: 21 };
const LIMIT_OF_SPREAD = 0.1;

/**
 * Measures ours against a control on the same machine in the same run: control and ours take turns (A B A B …), each of them next to the
 * other makes a ratio, the median of the ratios is the figure. What disturbs the machine for longer than a turn disturbs both.
 *
 * @typedef {Record<string, number>} Measurement named values of one turn, e.g. { throughput: 1234, p99: 0.8 }
 * @typedef {{ id: string, of: string, against?: string, atLeast?: number, atMost?: number }} Figure name of a measured value (`against`:
 *   of the control's, where that has another one), and its target as a ratio
 * @typedef {{ id: string, ratio: number, spread: number, rounds: number, target: string, verdict: 'ok' | 'short' | 'void',
 *             control: number, ours: number }} Result `control` and `ours` are medians of what was measured
 *
 * @param {{ control: () => Promise<Measurement>, ours: () => Promise<Measurement>, figures: Figure[], warmUp?: number,
 *           rounds?: { least: number, most: number }, onRound?: (control: Measurement, ours: Measurement) => void }} benchmark warmUp: turns of
 *   each that are thrown away (default 1); rounds: fewer, where one of them is long enough to make up for it
 * @returns {Promise<Result[]>}
 */
export async function measureRatios({ control, ours, figures, warmUp = 1, rounds = ROUNDS, onRound }) {
  for (let i = 0; i < warmUp; i++) {
    await control();
    await ours();
  }
  const controls = [];
  const turns = [];
  for (let round = 1; round <= rounds.most; round++) {
    controls.push(await control());
    turns.push(await ours());
    onRound?.(controls.at(-1), turns.at(-1));
    const settled = figures.every((figure) => spreadOf(figure, ratiosOf(figure, controls, turns)) < LIMIT_OF_SPREAD);
    if (round >= rounds.least && settled) break;
  }
  return figures.map((figure) => resultOf(figure, controls, turns));
}

/** Ours by control for every two turns that follow each other, in either order. */
function ratiosOf({ of, against = of }, controls, turns) {
  return turns.flatMap((turn, i) =>
    [controls[i], controls[i + 1]].flatMap((control) => (control ? [turn[of] / control[against]] : [])),
  );
}

/** By the median; where the ratio is far below what it may be, by what it may be: a few percent of next to nothing tell nothing. */
function spreadOf({ atMost = 0 }, ratios) {
  return (spread(ratios) * median(ratios)) / Math.max(median(ratios), atMost);
}

function resultOf(figure, controls, turns) {
  const { id, of, against = of, atLeast, atMost } = figure;
  const ratios = ratiosOf(figure, controls, turns);
  const ratio = median(ratios);
  const reached = (atLeast === undefined || ratio >= atLeast) && (atMost === undefined || ratio <= atMost);
  return {
    id,
    ratio,
    spread: spreadOf(figure, ratios),
    rounds: turns.length,
    target: [atLeast !== undefined && `target>=${atLeast}`, atMost !== undefined && `target<=${atMost}`]
      .filter(Boolean)
      .join(' '),
    verdict: !(spreadOf(figure, ratios) < LIMIT_OF_SPREAD) ? 'void' : reached ? 'ok' : 'short',
    control: median(controls.map((control) => control[against])),
    ours: median(turns.map((turn) => turn[of])),
  };
}
