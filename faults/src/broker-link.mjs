import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** The network between services and their broker, or another server: it can be cut, or swallow everything, and be mended. */
export class BrokerLink {
  #mode = 'through';
  #pairs = new Set();

  /** @param {number | (() => number)} port of the broker, or what tells it when somebody connects */
  static async open(port) {
    const link = new BrokerLink();
    const portOf = typeof port === 'function' ? port : () => port;
    link.server = createServer((client) => link.#take(client, portOf())).listen(0, '127.0.0.1');
    await once(link.server, 'listening');
    link.port = link.server.address().port;
    link.url = `nats://127.0.0.1:${link.port}`;
    return link;
  }

  /** Connections break, and new ones are refused. */
  cut() {
    this.#mode = 'cut';
    this.#endAll();
  }

  /** Nothing arrives any more, and nobody is told. */
  swallow() {
    this.#mode = 'swallow';
    for (const { client, broker } of this.#pairs) {
      client.unpipe(broker);
      broker.unpipe(client);
      client.resume();
      broker.resume();
    }
  }

  /** What was swallowed is lost: those connections are broken. */
  mend() {
    const wasSwallowing = this.#mode === 'swallow';
    this.#mode = 'through';
    if (wasSwallowing) this.#endAll();
  }

  async close() {
    this.#endAll();
    this.server.close();
    await once(this.server, 'close');
  }

  #take(client, port) {
    if (this.#mode === 'cut') return void client.destroy();
    const broker = connect({ port, host: '127.0.0.1' });
    const pair = { client, broker };
    this.#pairs.add(pair);
    for (const [socket, other] of [
      [client, broker],
      [broker, client],
    ]) {
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        other.destroy();
        this.#pairs.delete(pair);
      });
      if (this.#mode === 'through') socket.pipe(other);
      else socket.resume();
    }
  }

  #endAll() {
    for (const { client, broker } of this.#pairs) {
      client.destroy();
      broker.destroy();
    }
  }
}
