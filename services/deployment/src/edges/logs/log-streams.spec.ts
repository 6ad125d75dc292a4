import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { TooManyLogStreams } from '../../domain/logs/log.errors';
import { LogStreams } from './log-streams';

/** Goes on until it is stopped, as the answer of a cluster does: by failing. */
async function* endless(signal: AbortSignal): AsyncGenerator<string> {
  yield 'a line';
  await sleep(60_000, undefined, { signal });
}

describe('Logs that are being read', () => {
  it('are ten of a tenant at most; one that ends makes room for another, and so does one that never began', async () => {
    const streams = new LogStreams();
    const open = await Promise.all(Array.from({ length: 10 }, () => streams.begin('ten_1', endless)));
    await expect(streams.begin('ten_1', endless)).rejects.toThrow(TooManyLogStreams);
    const away = () => Promise.reject(new Error('the cluster is away'));
    for (let i = 0; i < 11; i++) await expect(streams.begin('ten_2', away)).rejects.toThrow('away');
    open.push(await streams.begin('ten_2', endless));

    const closed = once(open[0]!, 'close');
    open[0]!.destroy();
    await closed;
    open.push(await streams.begin('ten_1', endless));
    await expect(streams.begin('ten_1', endless)).rejects.toThrow(TooManyLogStreams);
    for (const stream of open) stream.destroy();
  });

  it('end after a while, as if there was nothing more', async () => {
    const streams = new LogStreams();
    for (let i = 0; i < 11; i++) {
      const stream = await streams.begin('ten_1', endless, 1);
      const closed = once(stream, 'close');
      expect(Buffer.concat(await stream.toArray()).toString()).toBe('a line');
      await closed;
    }
  });
});
