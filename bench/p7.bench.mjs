import { httpClient } from './src/http-load.mjs';
import { inSequence } from './src/load.mjs';
import { startMarketplace } from './src/marketplace.mjs';
import { measureRatios } from './src/ratio.mjs';
import { worldOf } from './src/worlds.mjs';

const FEW = 1_000;
const MANY = 100_000;
const LIMIT = 50;
const DEEP = 500;
const REQUESTS = 200;

/** What a buyer asks for: everything, newest first, and what is narrowed by each of the filters. */
const questions = ['', '&status=running', `&appId=app_${'7'.padStart(26, '0')}`, `&clusterId=clu_${'3'.padStart(26, '0')}`];

/** The list of instances over HTTP, a page of 50, one request after the other: among 100,000 against among 1,000; its 500th page against its first. */
export async function run({ log }) {
  const running = [];
  try {
    const few = await listOf(await worldOf({ instances: FEW }, log), running);
    const many = await listOf(await worldOf({ instances: MANY }, log), running);
    const firstPage = (list) => () => inSequence(REQUESTS, (i) => list(questions[i % questions.length]));
    const first = await measureRatios({
      control: firstPage(few),
      ours: firstPage(many),
      figures: [
        { id: 'P7', of: 'p50', atMost: 1.15 },
        { id: 'P7-p99', of: 'p99', atMost: 1.5 },
      ],
      onRound: told(log, `first page of ${FEW}`, `of ${MANY}`),
    });
    const deepPage = await cursorsOf(many, DEEP);
    const deep = await measureRatios({
      control: firstPage(many),
      ours: () => inSequence(REQUESTS, (i) => many(deepPage[i % deepPage.length])),
      figures: [{ id: `P7-page-${DEEP}`, of: 'p50', atMost: 1.2 }],
      onRound: told(log, 'first page', `page ${DEEP}`),
    });
    return [...first, ...deep];
  } finally {
    for (const marketplace of running) await marketplace.stop();
  }
}

async function listOf({ dataDir, buyer }, running) {
  const marketplace = await startMarketplace(dataDir);
  running.push(marketplace);
  const client = httpClient(marketplace.url, 1);
  return (question) => client.getJson(`/v1/instances?limit=${LIMIT}${question}`, { authorization: `Bearer ${buyer.token}` });
}

/** Each question with the cursor of its last page up to that one. */
async function cursorsOf(list, pages) {
  const deep = [];
  for (const question of questions) {
    let cursor = '';
    for (let page = 1; page < pages; page++) {
      const { next } = await list(question + cursor);
      if (next === undefined) break;
      cursor = `&cursor=${next}`;
    }
    deep.push(question + cursor);
  }
  return deep;
}

function told(log, control, ours) {
  const text = ({ p50, p99 }) => `p50 ${p50.toFixed(2)} ms p99 ${p99.toFixed(2)} ms`;
  return (a, b) => log(`  P7: ${control} ${text(a)}, ${ours} ${text(b)}`);
}
