import { randomUUID } from 'node:crypto';
import { lookup } from 'node:dns';
import { get } from 'node:http';
import { connect, Socket } from 'node:net';
import { type Projection, project, positionOf, type RecordedEvent } from '@souk/event-sourcing';
import { forbidImpureFolds, ImpureProjection, isolated } from '@souk/read-store';
import { notes, noteTaken, toAppend } from './accounts';

type Ask = () => unknown;

const asks: Record<string, Ask> = {
  'new Date': () => new Date(),
  Date: () => Date(),
  'Date.now': () => Date.now(),
  'performance.now': () => performance.now(),
  'process.hrtime': () => process.hrtime(),
  'Math.random': () => Math.random(),
  randomUUID: () => randomUUID(),
  'crypto.getRandomValues': () => crypto.getRandomValues(new Uint8Array(4)),
  setTimeout: () => clearTimeout(setTimeout(() => undefined, 0)),
  setImmediate: () => clearImmediate(setImmediate(() => undefined)),
  fetch: () => void fetch('http://127.0.0.1:1').catch(() => undefined),
  'net.connect': () => connect(1, '127.0.0.1').on('error', () => undefined),
  'Socket.connect': () => new Socket().on('error', () => undefined).connect(1, '127.0.0.1'),
  'http.get': () => get('http://127.0.0.1:1').on('error', () => undefined),
  'dns.lookup': () => lookup('localhost', () => undefined),
  'no more than its event': () => undefined,
};

/** Prints, for each thing that a fold may ask for, whether a handler gets it, `keys` gets it, and code outside of folds gets it. */
function main(): void {
  forbidImpureFolds();
  const event = {
    ...toAppend(noteTaken('hello')),
    stream: 'note-1',
    revision: 0,
    position: positionOf('specspec', 1),
    recordedAt: '2026-01-01T00:00:00.000Z',
  } as RecordedEvent as never;
  for (const [name, ask] of Object.entries(asks)) {
    const asking: Projection<object, never> = {
      ...(notes as unknown as Projection<object, never>),
      keys: () => [String(ask())],
      on: { NoteTaken: () => ({ got: String(ask()) }) },
    };
    const alone = isolated(asking);
    const answers = [() => project(alone, undefined, event, '1'), () => alone.keys!(event), ask].map(outcome);
    console.log(`${name}: ${answers.join(', ')}`);
  }
}

function outcome(ask: Ask): string {
  try {
    ask();
    return 'given';
  } catch (error) {
    return error instanceof ImpureProjection ? 'refused' : String(error);
  }
}

main();
