import { Agent, request } from 'node:http';

/** A client with that many connections, all of them kept open. */
export function httpClient(url, connections) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'fifo' });
  const { hostname, port } = new URL(url);
  return {
    /** Fulfilled with the status when the answer has been read. */
    post: (path, headers, body) =>
      new Promise((resolve, reject) => {
        const bytes = Buffer.from(body);
        const call = request(
          {
            agent,
            hostname,
            port,
            path,
            method: 'POST',
            headers: { 'content-type': 'application/json', 'content-length': bytes.length, ...headers },
          },
          (response) => {
            response.resume();
            response.once('end', () => resolve(response.statusCode));
            response.once('error', reject);
          },
        );
        call.once('error', reject);
        call.end(bytes);
      }),
    /** Fulfilled with the body, parsed; only a 200 will do. */
    getJson: (path, headers = {}) =>
      new Promise((resolve, reject) => {
        const call = request({ agent, hostname, port, path, headers }, (response) => {
          const chunks = [];
          response.on('data', (chunk) => chunks.push(chunk));
          response.once('error', reject);
          response.once('end', () => {
            const body = Buffer.concat(chunks).toString();
            if (response.statusCode === 200) resolve(JSON.parse(body));
            else reject(new Error(`${path} → ${response.statusCode} ${body}`));
          });
        });
        call.once('error', reject);
        call.end();
      }),
    close: () => agent.destroy(),
  };
}
