import type { ServiceDraft } from './service-draft';

/** A text that names a host: what stands before, the host, its port, and what stands behind. */
export interface Address {
  readonly before: string;
  /** Password that stands before the host, as in `amqp://user:password@host`. It is not part of `before`, but its colon is. */
  readonly password?: string;
  readonly host: string;
  readonly port: string;
  readonly behind: string;
}

const hostPattern = /^([A-Za-z0-9][A-Za-z0-9._-]*)(:\d{1,5})?$/;
/** Scheme, user, password, host, port, and the rest. What follows a colon is a password unless it is a port, whatever it holds but an "@". */
const urlPattern =
  /^((?:[a-z][a-z0-9+.-]*:){1,4}\/\/)(?:([^:@/?#\s]*)(?::(?!\d{1,5}(?:[/?#]|$))([^@\s]*))?@)?([^:/?#\s,@]+)(:\d{1,5})?(.*)$/is;

/** Reads `scheme://[user[:password]@]host[:port]…`, also behind another scheme as in `jdbc:mysql://…`, and `host[:port]`. */
export function addressIn(text: string): Address | undefined {
  const plain = hostPattern.exec(text);
  if (plain) return { before: '', host: plain[1]!, port: plain[2] ?? '', behind: '' };
  const url = urlPattern.exec(text);
  if (!url) return undefined;
  const [, scheme = '', user, password, host = '', port = '', behind = ''] = url;
  const address = { host, port, behind };
  if (user === undefined) return { before: scheme, ...address };
  return password === undefined
    ? { before: `${scheme}${user}@`, ...address }
    : { before: `${scheme}${user}:`, password, ...address };
}

/** Ports of schemes that are known to everybody. */
const usualPorts: ReadonlyMap<string, number> = new Map([
  ['http:', 80],
  ['https:', 443],
]);

/** The port that an address says, or its scheme means. */
export function portOf({ before, port }: Address): number | undefined {
  if (port !== '') return Number(port.slice(1));
  return usualPorts.get(/^[a-z]+:(?=\/\/)/i.exec(before)?.[0].toLowerCase() ?? '');
}

/** Services by all names under which the document lets them be reached. */
export class Hosts {
  private readonly byName = new Map<string, ServiceDraft>();

  constructor(drafts: Iterable<ServiceDraft>) {
    const all = [...drafts];
    for (const draft of all) for (const alias of draft.aliases) this.byName.set(alias, draft);
    for (const draft of all) this.byName.set(draft.name, draft);
  }

  named(host: string): ServiceDraft | undefined {
    return this.byName.get(host);
  }
}
