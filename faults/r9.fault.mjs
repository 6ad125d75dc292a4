import { createRequire } from 'node:module';
import { randomOf } from '../bench/src/statistics.mjs';

const require = createRequire(import.meta.url);
const { structuralProblems, validationOf, wavesOf } = require('../dist/libs/topology/src/index.js');
const { ThreadedComposeImporter } = require('../dist/services/orchestration/src/adapters/threaded-compose-importer.js');

/** Longest that the process may be busy with one step. */
const STALL_MS = 50;
/** Deeper than any call stack. */
const CHAIN = 100_000;
/** The most nodes that a request may bring. */
const LARGEST = 10_000;
const SIZES = { full: { topologies: 5_000, documents: 500 }, small: { topologies: 100, documents: 10 } };

/**
 * Topologies and Compose documents that nobody would write: cycles, a chain of 100,000 nodes, names that objects have by nature, numbers beyond all
 * bounds, bombs. Nothing throws, nothing keeps the process from answering others, and what is accepted deploys arrow-head first. Time is that of
 * the processor: what else the machine does is not counted.
 */
export async function run({ small, seed, log }) {
  const { topologies, documents } = small ? SIZES.small : SIZES.full;
  const fuzz = new Fuzz(randomOf(seed));
  // Larger than what anybody can ask for: it must not throw, and may take its time.
  fuzz.validated(chainOf(CHAIN), 'chain', Number.POSITIVE_INFINITY);
  fuzz.validated(ringOf(CHAIN), 'ring', Number.POSITIVE_INFINITY);
  fuzz.validated(chainOf(LARGEST), 'chain');
  fuzz.validated(ringOf(LARGEST), 'ring');
  for (let i = 0; i < topologies; i++) {
    fuzz.validated(fuzz.topology(), 'topology');
    if (i % 100 === 0) log(`topologies: ${i} of ${topologies}, ${fuzz.found.accepted} accepted`);
  }
  const inputs = [...bombs(), ...Array.from({ length: documents }, () => fuzz.document())];
  for (const [i, input] of inputs.entries()) {
    await fuzz.imported(input);
    log(`documents: ${i + 1} of ${inputs.length}`);
  }
  const { crashes, stalls, outOfOrder, accepted, longestMs } = fuzz.found;
  const ok = crashes === 0 && stalls === 0 && outOfOrder === 0 && accepted > 0;
  const line = `R9 crashes=${crashes} stalls=${stalls} out-of-order=${outOfOrder} accepted=${accepted} ${ok ? 'ok' : 'FAILED'}`;
  return { line, ok, ...fuzz.found, longestMs: Math.round(longestMs) };
}

const NAMES = ['a', 'b', 'c', 'web', 'db', 'q', '__proto__', 'constructor', 'toString', 'Not_A_Name', '', 'x'.repeat(64)];
const TEXTS = [
  '',
  '1',
  '1Gi',
  '9'.repeat(400),
  '1e999',
  '${',
  '${node.a.host}',
  '$${',
  '${secret.__proto__}',
  '\u0000',
  'mysql',
  '-1',
];
const NUMBERS = [
  0,
  1,
  -1,
  80,
  65535,
  65536,
  2 ** 31,
  2 ** 53,
  1e308,
  Number.MAX_VALUE,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  0.5,
];

function ringOf(length) {
  const chain = chainOf(length);
  return { ...chain, arrows: [...chain.arrows, { from: 'n0', to: `n${length - 1}` }] };
}

function chainOf(length) {
  const nodes = Array.from({ length }, (_, i) => ({ serviceName: `n${i}`, category: 'init', image: 'a:1' }));
  return { nodes, arrows: nodes.slice(1).map((_, i) => ({ from: `n${i + 1}`, to: `n${i}` })), parameters: {}, secrets: {} };
}

/** Documents that are small and would become large, or that parsers take the square of. */
function bombs() {
  const laughs = Array.from({ length: 60 }, (_, i) => `x${i}: &x${i} ${i === 0 ? '[lol]' : `[${`*x${i - 1},`.repeat(9)}]`}`);
  const repeated = (piece) => piece.repeat(Math.floor((1024 * 1024 - 2) / piece.length));
  return [
    laughs.join('\n'),
    ...['[', '{', '- ', '? ', 'a: ', '!!str ', '&a ', '"', '${A:-'].map(repeated),
    `services: {a: {image: b, command: "${repeated('$A ').slice(0, 900_000)}"}}`,
    `services: {a: {image: b, ports: ["1-65535:1-65535"]}}`,
    `services: {a: &a {image: b, x: *a}}`,
    `services:\n${Array.from({ length: 3_000 }, (_, i) => `  s${i}: {image: a${i > 0 ? `, depends_on: [s${i - 1}]` : ''}}\n`).join('')}`,
  ];
}

class Fuzz {
  found = { crashes: 0, stalls: 0, outOfOrder: 0, accepted: 0, longestMs: 0 };
  importer = new ThreadedComposeImporter();

  constructor(random) {
    this.random = random;
  }

  one(list) {
    return list[Math.floor(this.random() * list.length)];
  }

  many(most, make) {
    return Array.from({ length: Math.floor(this.random() * (most + 1)) }, make);
  }

  topology() {
    const range = () => ({ request: this.one(TEXTS), limit: this.one(TEXTS) });
    const nodes = this.many(6, (_, i) => ({
      serviceName: this.random() < 0.95 ? `${NAMES[i]}` : this.one(NAMES),
      category: this.one(['custom', 'third-party', 'init', 'cloud']),
      ...(this.random() < 0.5 && { image: this.one([...TEXTS, 'web:1']) }),
      ...(this.random() < 0.3 && { preset: this.one([...NAMES, 'mysql', 'redis']) }),
      ...(this.random() < 0.3 && { cpu: range(), memory: range() }),
      ...(this.random() < 0.3 && { replicas: this.one(NUMBERS) }),
      ...(this.random() < 0.5 && { env: Object.fromEntries(this.many(4, () => [this.one(NAMES), this.one(TEXTS)])) }),
      ...(this.random() < 0.5 && {
        ports: this.many(3, () => ({
          internal: this.one(NUMBERS),
          external: this.one(NUMBERS),
          protocol: this.one(['TCP', 'UDP']),
        })),
      }),
    }));
    const known = nodes.length > 0 && this.random() < 0.8 ? nodes.map(({ serviceName }) => serviceName) : NAMES;
    return {
      nodes,
      arrows: this.many(5, () => ({ from: this.one(known), to: this.one(known) })),
      parameters: Object.fromEntries(this.many(2, () => [this.one(NAMES), { type: 'number', default: this.one(TEXTS) }])),
      secrets: Object.fromEntries(this.many(2, () => [this.one(NAMES), { source: 'generated' }])),
    };
  }

  /** Pieces of documents in any order: most are none, some are. */
  document() {
    const pieces = [
      'services:\n',
      '  a: {image: a}\n',
      '  b: {image: b, depends_on: [a]}\n',
      '  a:\n    <<: *x\n',
      '&x ',
      '*x',
      '? ',
      '- ',
      '{',
      '[',
      ']',
      '}',
    ];
    const more = [
      '"',
      "'",
      '|\n',
      '>\n',
      '!!str ',
      '!a ',
      '#',
      '%YAML 1.2\n',
      '---\n',
      '...\n',
      '\t',
      '${A:-',
      '}',
      '\u0000',
      '\uFEFF',
      '1e999',
      '0x',
      '.inf',
    ];
    return `${this.random() < 0.5 ? 'services:\n  a: {image: a}\n' : ''}${this.many(60, () => this.one([...pieces, ...more])).join('')}`;
  }

  /** Validated as a service does it, in steps; what is accepted has waves in which no node comes before what it points at. */
  validated(topology, what, limit = STALL_MS) {
    try {
      const steps = validationOf(topology);
      for (let done = false; !done;) ({ done } = this.timed(() => steps.next(), what, limit));
      if (this.timed(() => structuralProblems(topology), what, limit).length > 0) return;
      this.found.accepted++;
      this.ordered(
        topology,
        this.timed(() => wavesOf(topology), what),
      );
    } catch (error) {
      this.found.crashes++;
      console.error(what, error);
    }
  }

  /** By the processor's time. */
  timed(work, what, limit) {
    const before = process.cpuUsage();
    const answer = work();
    const { user } = process.cpuUsage(before);
    const milliseconds = user / 1000;
    if (Number.isFinite(limit)) this.found.longestMs = Math.max(this.found.longestMs, milliseconds);
    if (milliseconds > limit) {
      this.found.stalls++;
      console.error(`${what}: ${Math.round(milliseconds)} ms`);
    }
    return answer;
  }

  ordered({ nodes, arrows }, waves) {
    const waveOf = new Map(waves.flatMap((wave, number) => wave.map((name) => [name, number])));
    const right = waveOf.size === nodes.length && arrows.every(({ from, to }) => waveOf.get(from) > waveOf.get(to));
    if (!right) this.found.outOfOrder++;
  }

  async imported(text) {
    try {
      const { topology, report } = await this.importer.importCompose(text, {});
      if (!topology && !report.some(({ outcome }) => outcome === 'problem')) throw new Error('neither a topology nor a problem');
      if (topology) this.validated(topology, 'imported');
    } catch (error) {
      this.found.crashes++;
      console.error(JSON.stringify(text.slice(0, 200)), error);
    }
  }
}
