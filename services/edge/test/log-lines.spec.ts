import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { type RunningTracing, startTracing } from '@souk/tracing';
import { EventEmitter, once } from 'node:events';
import { type RunningEdge, startEdge } from '../src/edge';
import { answering, edgeConfigFor, type Handler, StandInReplica } from './stand-in-services';

interface Line {
  readonly msg: string;
  readonly trace_id?: string;
  readonly requestId?: string;
  readonly status?: number;
}

describe('Log lines of the edge', () => {
  const traceId = 'a'.repeat(32);
  const lines: Line[] = [];
  const written = new EventEmitter();
  const replicas: StandInReplica[] = [];
  let tracing: RunningTracing;
  let edge: RunningEdge;

  const replica = async (handler: Handler): Promise<StandInReplica> => {
    const started = await new StandInReplica(handler).start();
    replicas.push(started);
    return started;
  };
  /** The first one that says so, as soon as there is one. */
  const line = async (msg: string): Promise<Line> => {
    for (;;) {
      const found = lines.find((one) => one.msg === msg);
      if (found) return found;
      await once(written, 'line');
    }
  };
  const get = (path: string) => fetch(edge.url + path, { headers: { traceparent: `00-${traceId}-${'b'.repeat(16)}-01` } });

  beforeAll(async () => {
    const processor = new SimpleSpanProcessor(new InMemorySpanExporter());
    tracing = await startTracing({ service: 'souk-edge', version: '0.0.0-test', processor });
    const fine = await replica(answering({}));
    const dying: Handler = (request) => void request.socket.destroy();
    const [dead, alive, lost] = [await replica(dying), await replica(answering({})), await replica(dying)];
    const upstreams = { release: [dead.address, alive.address], commerce: [lost.address] };
    const config = { ...edgeConfigFor(fine.address, upstreams), logLevel: 'info', patienceMs: 10 };
    const write = (text: string): void => {
      lines.push(JSON.parse(text) as Line);
      written.emit('line');
    };
    edge = await startEdge(config, { write });
  });
  afterAll(async () => {
    await edge.close();
    await Promise.all(replicas.map((one) => one.kill()));
    await tracing.stop();
  });
  beforeEach(() => lines.splice(0));

  it('name the trace of the request that was answered', async () => {
    expect((await get('/v1/apps')).status).toBe(200);
    expect(await line('answered')).toMatchObject({ trace_id: traceId, status: 200 });
  });

  it('name it where no service owns the path', async () => {
    expect((await get('/v9/nothing')).status).toBe(404);
    expect(await line('answered')).toMatchObject({ trace_id: traceId, status: 404 });
  });

  it('name the trace of the request for which another replica is asked', async () => {
    for (let i = 0; i < 2; i++) expect((await get('/v1/versions/v')).status).toBe(200);
    expect(await line('another replica is asked')).toMatchObject({ trace_id: traceId });
  });

  it('name the trace of the request that has failed', async () => {
    const answer = await get('/v1/purchases');
    expect(answer.status).toBe(503);
    expect(await line('failed')).toMatchObject({ trace_id: traceId, requestId: answer.headers.get('x-request-id') });
  });

  it('of nobody’s request name no trace', async () => {
    const [fine] = replicas;
    fine!.ready = false;
    expect(await line('a replica is another way now')).not.toHaveProperty('trace_id');
  });
});
