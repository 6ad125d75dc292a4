import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const main = fileURLToPath(new URL('../../dist/libs/event-store/src/protocol/main.js', import.meta.url));

/** A server of EventStoreDB's protocol as a process, to be killed, frozen and started again over the same data. */
export class EventStoreProcess {
  /** @param folder where events and log lie */
  static async start(folder) {
    const { StartedProcess } = require('../../dist/services/marketplace/testing/started-process.js');
    const { freePorts } = require('../../dist/libs/event-sourcing/testing/free-ports.js');
    const one = new EventStoreProcess();
    [one.port] = await freePorts(1);
    one.process = new StartedProcess({
      name: 'event-store',
      command: process.execPath,
      args: [main, '--port', String(one.port), '--data', join(folder, 'events')],
      environment: process.env,
      log: join(folder, 'log'),
      ready: /Ctrl-C/,
    });
    process.once('exit', one.#kill);
    await one.process.start();
    return one;
  }

  get connectionString() {
    return `esdb://127.0.0.1:${this.port}?tls=false`;
  }

  async close() {
    process.off('exit', this.#kill);
    await this.process.kill();
  }

  #kill = () => {
    if (this.process.pid) process.kill(this.process.pid, 'SIGKILL');
  };
}
