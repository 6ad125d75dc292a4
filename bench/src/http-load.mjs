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
    close: () => agent.destroy(),
  };
}
