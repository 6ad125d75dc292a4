import { Duplex } from 'node:stream';

/** Two ends of a connection without a network: what is written to one is read from the other, and when one is gone, so is the other. */
export function memorySockets(): { readonly client: Duplex; readonly server: Duplex } {
  const client = new MemorySocket();
  const server = new MemorySocket();
  client.other = server;
  server.other = client;
  return { client, server };
}

class MemorySocket extends Duplex {
  other: MemorySocket;
  /** Of a write that the other end has no room for yet. */
  private goOn: (() => void) | undefined;

  override _read(): void {
    const { goOn } = this.other;
    this.other.goOn = undefined;
    goOn?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.other.push(chunk)) done();
    else this.goOn = done;
  }

  override _final(done: () => void): void {
    this.other.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    process.nextTick(() => this.other.destroy());
    done(error);
  }

  /* What `net.Socket` can do beside that, and HTTP asks of it: there is nothing to be done here. */
  setKeepAlive(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setTimeout(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}
