import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ImageReference, parseImage } from '@souk/topology';
import { LRUCache } from 'lru-cache';
import { type Asking, Authorizations } from './authorizations';
import { challengeOf } from './challenge';
import {
  ImageInvalid,
  ImageNotFound,
  ListingUnsupported,
  RegistryAccessDenied,
  RegistryAnswerInvalid,
  RegistryError,
  RegistryRefused,
  RegistryThrottled,
  RegistryUnreachable,
} from './errors';
import { type Answer, Exchange, type ExchangeOptions } from './exchange';
import { ImageRegistry, type ListedPage, type ListOptions, type ResolvedImage, type ResolveOptions } from './image-registry.port';
import { nextQuery, namesOf } from './listing';
import { DIGEST, MANIFEST_TYPES, manifestOf, platformsOfConfig } from './manifest';

export interface OciOptions extends Partial<ExchangeOptions> {
  /**
   * The one registry that is asked instead of all others, as mirrors are: `http://127.0.0.1:5000`. It is told by `?ns=` which registry is
   * meant, and no credentials.
   */
  readonly mirror?: string;
}

/** Enough for any manifest by the specification of the distribution project; the configuration of an image is smaller. */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const MAX_LIST_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 5_000;
/** Pages of a catalogue that one call goes through, looking for names with a prefix. */
const MAX_CATALOGUE_PAGES = 10;
const PAGE = 100;
/** How often a registry that is too busy is asked again, and the longest that it is waited for. */
const MAX_PAUSES = 2;
const MAX_PAUSE_MS = 5_000;

/**
 * Registries by the OCI distribution specification 1.1 (and Docker's registry API 2, which it was). A tag is asked for its digest by HEAD,
 * which Docker Hub does not count as a pull; what lies behind a digest never changes and is read once.
 */
export class OciImageRegistry extends ImageRegistry {
  private readonly exchange: Exchange;
  private readonly authorizations: Authorizations;
  /** By digest. */
  private readonly platforms = new LRUCache<string, readonly string[]>({ max: 10_000 });

  constructor(private readonly options: OciOptions = {}) {
    super();
    const { timeoutMs = TIMEOUT_MS, allowed = [], mirror } = options;
    this.exchange = new Exchange({ timeoutMs, allowed: mirror === undefined ? allowed : [...allowed, ...LOOPBACK] });
    this.authorizations = new Authorizations(this.exchange);
  }

  override async resolve(image: string, options: ResolveOptions = {}): Promise<ResolvedImage> {
    const reference = parseImage(image);
    if (!reference) throw new ImageInvalid(image);
    const asking = askingFor(reference, options);
    const wanted = reference.digest ?? reference.tag ?? 'latest';
    const told = await this.digestOf(asking, wanted);
    const known = told === undefined ? undefined : this.platforms.get(told);
    if (told !== undefined && known) return { digest: told, platforms: known };
    return this.look(asking, reference.digest ?? told ?? wanted);
  }

  override async tags(repository: string, options: ListOptions = {}): Promise<ListedPage> {
    const reference = parseImage(repository);
    if (!reference || reference.tag !== undefined || reference.digest !== undefined) throw new ImageInvalid(repository);
    const asking = askingFor(reference, options);
    return this.listed(asking, `${reference.repository}/tags/list`, 'tags', options);
  }

  override async repositories(registry: string, prefix: string, options: ListOptions = {}): Promise<ListedPage> {
    const reference = parseImage(`${registry}/any`);
    if (reference?.registry !== registry) throw new ImageInvalid(registry);
    const { limit = PAGE, credentials, signal } = options;
    const asking: Asking = { registry, what: 'its catalogue', scope: 'registry:catalog:*', credentials, signal };
    const items: string[] = [];
    let { after } = options;
    for (let page = 1; page <= MAX_CATALOGUE_PAGES && items.length < limit; page++) {
      const listed = await this.catalogue(asking, { limit, ...(after !== undefined && { after }) });
      items.push(...listed.items.filter((name) => name.startsWith(prefix)));
      after = listed.next;
      if (after === undefined) break;
    }
    return { items, ...(after !== undefined && { next: after }) };
  }

  close(): void {
    this.exchange.close();
  }

  /** What a tag stands for now; `undefined` where the registry does not say it without being asked for all of it. */
  private async digestOf(asking: Asking, reference: string): Promise<string | undefined> {
    const answer = await this.ask(asking, 'HEAD', `${asking.what}/manifests/${reference}`);
    if (answer.status === 405) return undefined;
    assertFound(answer, asking, nameOf(asking, reference));
    const digest = answer.headers['docker-content-digest'];
    return typeof digest === 'string' && DIGEST.test(digest) ? digest : undefined;
  }

  /** Reads the manifest, which has to be what its digest says. */
  private async look(asking: Asking, reference: string): Promise<ResolvedImage> {
    const answer = await this.ask(asking, 'GET', `${asking.what}/manifests/${reference}`);
    assertFound(answer, asking, nameOf(asking, reference));
    const told = reference.includes(':') ? reference : answer.headers['docker-content-digest'];
    if (typeof told === 'string' && told !== digestOfBytes(answer.body, algorithmOf(told)))
      throw new RegistryAnswerInvalid(asking.registry, `the manifest of "${asking.what}" has another digest than it says`);
    const digest = digestOfBytes(answer.body);
    const platforms = await this.platformsIn(answer.body, asking);
    this.platforms.set(digest, platforms);
    return { digest, platforms };
  }

  private async platformsIn(body: Buffer, asking: Asking): Promise<readonly string[]> {
    const manifest = manifestOf(body);
    if (!manifest) throw new RegistryAnswerInvalid(asking.registry, `the manifest of "${asking.what}" is none`);
    if (manifest.kind === 'index') return manifest.platforms;
    if (manifest.config === undefined) return [];
    const answer = await this.ask(asking, 'GET', `${asking.what}/blobs/${manifest.config}`);
    assertFound(answer, asking, `${asking.what}@${manifest.config}`);
    if (digestOfBytes(answer.body) !== manifest.config)
      throw new RegistryAnswerInvalid(asking.registry, `the configuration of "${asking.what}" has another digest than it says`);
    return platformsOfConfig(answer.body);
  }

  private async catalogue(asking: Asking, options: ListOptions): Promise<ListedPage> {
    try {
      return await this.listed(asking, '_catalog', 'repositories', options);
    } catch (error) {
      if (error instanceof ImageNotFound || error instanceof RegistryAccessDenied) throw new ListingUnsupported(asking.registry);
      throw error;
    }
  }

  private async listed(
    asking: Asking,
    path: string,
    field: 'tags' | 'repositories',
    { limit = PAGE, after }: ListOptions,
  ): Promise<ListedPage> {
    const query = new URLSearchParams(after);
    query.set('n', String(limit));
    const answer = await this.ask(asking, 'GET', path, query);
    assertFound(answer, asking, asking.what);
    const names = namesOf(answer.body, field);
    if (!names) throw new RegistryAnswerInvalid(asking.registry, `a list of ${field} that is none`);
    const link = nextQuery(answer.headers.link);
    if (link !== undefined) return { items: names, next: link };
    // Without pages of its own the registry tells everything each time.
    const items = names.slice(names.indexOf(query.get('last') ?? '') + 1, names.length).slice(0, limit);
    const last = items.at(-1);
    return { items, ...(last !== undefined && last !== names.at(-1) && { next: new URLSearchParams({ last }).toString() }) };
  }

  /** Asks with what is known, meets the challenge where there is one, and waits a little where the registry says so. */
  private async ask(asking: Asking, method: 'GET' | 'HEAD', path: string, query?: URLSearchParams): Promise<Answer> {
    const url = this.urlOf(asking.registry, path, query);
    for (let pauses = 0; ; pauses++) {
      const answer = await this.authorized(asking, method, url);
      const { status } = answer;
      if (status < 400 || status === 404 || status === 405) return answer;
      if (status === 401 || status === 403) throw new RegistryAccessDenied(asking.what, asking.registry, !!asking.credentials);
      if (status !== 429 && status < 500) throw new RegistryUnreachable(asking.registry, `it answers ${status}`);
      const pause = pauseOf(answer, status);
      if (pauses >= MAX_PAUSES || pause > MAX_PAUSE_MS)
        throw status === 429
          ? new RegistryThrottled(asking.registry)
          : new RegistryUnreachable(asking.registry, `it answers ${status}`);
      await sleep(pause, undefined, { ref: false, ...(asking.signal && { signal: asking.signal }) }).catch(() => {
        throw new RegistryUnreachable(asking.registry, 'no answer in time');
      });
    }
  }

  private async authorized(asking: Asking, method: 'GET' | 'HEAD', url: URL): Promise<Answer> {
    const maxBytes =
      url.pathname.includes('/manifests/') || url.pathname.includes('/blobs/') ? MAX_MANIFEST_BYTES : MAX_LIST_BYTES;
    const request = { method, url, accept: acceptOf(url), maxBytes, signal: asking.signal };
    const remembered = this.authorizations.remembered(asking);
    const first = await this.sent(asking, { ...request, authorization: remembered });
    if (first.status !== 401) return first;
    // Whoever it has sent us to is not who the credentials are for, nor chooses who is told them.
    if (first.origin !== url.origin)
      throw new RegistryRefused(asking.registry, 'it leads to where somebody else asks for a login');
    this.authorizations.forget(asking);
    const authorization = await this.authorizations.answerTo(challengeOf(first.headers['www-authenticate']), asking);
    return this.sent(asking, { ...request, authorization });
  }

  /** What goes wrong is told of the registry that was meant, wherever it sent us. */
  private async sent({ registry }: Asking, request: Parameters<Exchange['send']>[0]): Promise<Answer> {
    try {
      return await this.exchange.send(request);
    } catch (error) {
      if (error instanceof RegistryError) throw error;
      throw new RegistryUnreachable(registry, (error as Error).message);
    }
  }

  private urlOf(registry: string, path: string, query = new URLSearchParams()): URL {
    const { mirror } = this.options;
    if (mirror !== undefined) query.set('ns', registry);
    const base = mirror ?? `${isThisMachine(registry) ? 'http' : 'https'}://${hostOf(registry)}`;
    if (!URL.canParse(base)) throw new RegistryRefused(registry, 'it has no address');
    const url = new URL(`/v2/${path}`, base);
    url.search = query.toString();
    return url;
  }
}

const LOOPBACK = ['127.0.0.0/8', '::1'];

/** Docker Hub's registry has another name than its images have. */
function hostOf(registry: string): string {
  return registry === 'docker.io' || registry === 'index.docker.io' ? 'registry-1.docker.io' : registry;
}

function isThisMachine(registry: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3})(:\d+)?$/.test(registry);
}

function askingFor({ registry, repository }: ImageReference, { credentials, signal }: ResolveOptions): Asking {
  return { registry, what: repository, scope: `repository:${repository}:pull`, credentials, signal };
}

function nameOf({ what }: Asking, reference: string): string {
  return `${what}${reference.includes(':') ? '@' : ':'}${reference}`;
}

function acceptOf({ pathname }: URL): string {
  if (pathname.includes('/manifests/')) return MANIFEST_TYPES;
  return pathname.includes('/blobs/') ? '*/*' : 'application/json';
}

function assertFound({ status }: Answer, { registry }: Asking, what: string): void {
  if (status === 404) throw new ImageNotFound(what, registry);
  if (status >= 300) throw new RegistryUnreachable(registry, `it answers ${status}`);
}

function digestOfBytes(body: Buffer, algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(body).digest('hex')}`;
}

function algorithmOf(digest: string): 'sha256' | 'sha512' {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** Seconds or an HTTP date; a second where nothing is said, half of one after an error. */
function pauseOf({ headers }: Answer, status: number): number {
  const header = headers['retry-after'];
  if (header === undefined) return status === 429 ? 1_000 : 500;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000;
  return Number.isNaN(ms) ? 1_000 : Math.max(0, ms);
}
