import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Access, type AccessRules } from './access';
import { type Content, ImageStore, type PushOptions } from './image-store';
import { Misbehaviour } from './misbehaviour';

export interface RegistrySimOptions {
  readonly port?: number;
  /** What is there from the start. */
  readonly images?: readonly string[];
  /** Every image is there whose name does not end in `-not-found`, whoever names it: nobody has to push it first. */
  readonly everyImage?: boolean;
  readonly access?: AccessRules;
}

/** A request as it came. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
}

const SEEN = 1_000;
const NOT_FOUND = /-not-found$/;

/**
 * A simulated OCI registry: the reading side of the distribution specification over plain HTTP on 127.0.0.1, also as a mirror of other registries
 * (`?ns=`). Pushing is a method, for whoever started it.
 */
export class RegistrySim {
  readonly images = new ImageStore();
  readonly misbehaviour = new Misbehaviour();
  /** The last ones. */
  readonly requests: SeenRequest[] = [];

  private constructor(
    private readonly server: Server,
    readonly access: Access,
    private readonly everyImage: boolean,
  ) {}

  static async start({ port = 0, images = [], everyImage = false, access }: RegistrySimOptions = {}): Promise<RegistrySim> {
    const server = createServer();
    const sim = new RegistrySim(server, new Access(access), everyImage);
    for (const image of images) sim.images.push(image);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => sim.serve(request, response));
    await new Promise<void>((fulfil, reject) => server.once('error', reject).listen(port, '127.0.0.1', fulfil));
    // Whoever started it decides when it ends; it keeps no process alive.
    server.unref();
    return sim;
  }

  /** `127.0.0.1:5000`, as images write it. */
  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  /** Answers the digest. */
  push(image: string, options?: PushOptions): string {
    return this.images.push(image, options);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((fulfil) => this.server.close(fulfil));
  }

  private serve(request: IncomingMessage, response: ServerResponse): void {
    const { method = 'GET', url: target = '/' } = request;
    this.requests.push({ method, url: target, authorization: request.headers.authorization });
    if (this.requests.length > SEEN) this.requests.shift();
    const url = new URL(target, this.url);
    if (this.misbehaviour.answers(url, response)) return;
    if (this.access.answers(request, url, response)) return;
    const { status, headers, body } = this.answerTo(url);
    response.writeHead(status, { ...headers, 'content-length': body.length });
    const sent = headers['docker-content-digest'] === undefined ? body : this.misbehaviour.spoiled(method, url, body);
    if (method === 'HEAD') response.end();
    else if (sent.length < body.length) response.write(sent, () => response.destroy());
    else response.end(sent);
  }

  private answerTo(url: URL): Answer {
    const registry = url.searchParams.get('ns') ?? this.host;
    if (/^\/v2\/?$/.test(url.pathname)) return json({});
    if (url.pathname === '/v2/_catalog') return list(url, 'repositories', this.images.names(registry));
    const [, name = '', kind, reference = ''] = /^\/v2\/(.+)\/(manifests|blobs|tags)\/([^/]+)$/.exec(url.pathname) ?? [];
    const repository = `${registry}/${name}`;
    if (kind === 'tags') {
      const tags = this.images.tags(repository) ?? (this.contentOf(repository, 'latest') && this.images.tags(repository));
      return tags ? list(url, 'tags', tags) : problem('NAME_UNKNOWN');
    }
    const content = kind === undefined ? undefined : this.contentOf(repository, reference);
    if (!content) return problem(kind === 'manifests' ? 'MANIFEST_UNKNOWN' : 'BLOB_UNKNOWN');
    const { digest, type, body } = content;
    return { status: 200, headers: { 'content-type': type, 'docker-content-digest': digest }, body };
  }

  private contentOf(repository: string, reference: string): Content | undefined {
    const known = this.images.find(repository, reference);
    const isDigest = reference.includes(':');
    if (known || isDigest || !this.everyImage || NOT_FOUND.test(reference) || NOT_FOUND.test(repository)) return known;
    this.images.push(`${repository}:${reference}`);
    return this.images.find(repository, reference);
  }
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Pages by `n` and `last`, the next one in a Link header. */
function list(url: URL, field: string, names: readonly string[]): Answer {
  const n = Number(url.searchParams.get('n') ?? names.length);
  const last = url.searchParams.get('last') ?? '';
  const rest = names.filter((name) => name > last);
  const page = rest.slice(0, n);
  if (rest.length === page.length) return json({ [field]: page });
  const next = new URLSearchParams(url.searchParams);
  next.set('last', page.at(-1) ?? '');
  return json({ [field]: page }, { link: `<${url.pathname}?${next.toString()}>; rel="next"` });
}

function json(body: object, headers: Readonly<Record<string, string>> = {}, status = 200): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: Buffer.from(JSON.stringify(body)) };
}

function problem(code: string): Answer {
  return json({ errors: [{ code }] }, {}, 404);
}
