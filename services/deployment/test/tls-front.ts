import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** Stands before a simulated cluster and speaks TLS, as real ones do. Takes the tokens that it is told, and no others. */
export class TlsFront {
  /** `any`: the cluster itself says whose tokens it takes. */
  tokens: ReadonlySet<string> | 'any' = new Set();
  /** Takes requests and never answers. */
  hangs = false;
  private readonly server: Server;

  private constructor(
    private readonly certificate: string,
    key: string,
    cluster: { readonly url: string; readonly token: string },
  ) {
    this.server = createServer({ cert: certificate, key }, (incoming, outgoing) => {
      if (this.hangs) return;
      const token = incoming.headers.authorization?.replace('Bearer ', '') ?? '';
      if (this.tokens !== 'any' && !this.tokens.has(token) && incoming.url !== '/version') {
        outgoing.writeHead(401, { 'content-type': 'application/json' });
        outgoing.end(JSON.stringify({ kind: 'Status', message: 'Unauthorized' }));
        return;
      }
      const headers = { ...incoming.headers, ...(this.tokens !== 'any' && { authorization: `Bearer ${cluster.token}` }) };
      const onward = request(cluster.url + (incoming.url ?? ''), { method: incoming.method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        // A watch begins before there is anything to say.
        outgoing.flushHeaders();
        answer.pipe(outgoing);
      });
      onward.on('error', () => outgoing.destroy());
      outgoing.on('close', () => onward.destroy());
      incoming.pipe(onward);
    });
  }

  /** `undefined` where nothing makes certificates here. */
  static async start(folder: string, cluster: { readonly url: string; readonly token: string }): Promise<TlsFront | undefined> {
    const [key, certificate] = ['key.pem', 'cert.pem'].map((name) => join(folder, name)) as [string, string];
    try {
      execFileSync(
        'openssl',
        [
          ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
          ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate],
        ],
        { stdio: 'ignore' },
      );
    } catch {
      return undefined;
    }
    const front = new TlsFront(readFileSync(certificate, 'utf8'), readFileSync(key, 'utf8'), cluster);
    await new Promise<void>((fulfil) => front.server.listen(0, '127.0.0.1', fulfil));
    return front;
  }

  kubeconfig(token: string): string {
    const { port } = this.server.address() as AddressInfo;
    const authority = Buffer.from(this.certificate).toString('base64');
    return `
current-context: edge
contexts: [{name: edge, context: {cluster: edge, user: souk}}]
clusters: [{name: edge, cluster: {server: "https://127.0.0.1:${port}", certificate-authority-data: ${authority}}}]
users: [{name: souk, user: {token: ${token}}}]
`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((fulfil) => this.server.close(fulfil));
  }
}
