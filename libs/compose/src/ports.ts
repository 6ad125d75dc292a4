import type { Protocol } from '@souk/topology';
import type { Report } from './finding';
import type { ServiceDraft } from './service-draft';
import { eachEntry, eachMember, isMapping, textOf, type Value, withText, wrongShape } from './value';

interface Published {
  /** `8000` or `8000-8009` */
  readonly target: string;
  readonly published: string;
  readonly hostIp: string;
  readonly protocol: string;
}

/** `ports`: what a service shows outside. */
export function readPorts(value: Value, at: string, draft: ServiceDraft, report: Report): void {
  eachEntry(value, at, report, (entry, entryAt) => {
    const port = isMapping(entry) ? longForm(entry, entryAt, report) : shortForm(entry, entryAt, report);
    if (port) publish(port, entryAt, draft, report);
  });
}

/** `expose`: what a service shows to the other ones. */
export function readExposed(value: Value, at: string, draft: ServiceDraft, report: Report): void {
  eachEntry(value, at, report, (entry, entryAt) =>
    withText(entry, entryAt, report, (text) => {
      const [range = '', protocol = 'tcp'] = text.split('/');
      if (addRange(range, protocol, entryAt, draft, report)) report.mapped(entryAt, 'port', `the node has the port ${text}`);
    }),
  );
}

/** `[[host:]published:]target[/protocol]`; the host may be an IPv6 address in brackets. */
function shortForm(value: Value, at: string, report: Report): Published | undefined {
  const text = textOf(value);
  if (text === undefined) {
    wrongShape(value, at, 'a port', report);
    return undefined;
  }
  const match = /^(?:(?:(\[[^\]]*\]|[^:]*):)?([\d-]*):)?([\d-]+)(?:\/([a-z]+))?$/i.exec(text);
  if (match) return { target: match[3]!, published: match[2] ?? '', hostIp: match[1] ?? '', protocol: match[4] ?? 'tcp' };
  report.problem(at, 'port-invalid', `${JSON.stringify(text)} is no port`, 'write "8080:80" or "8080:80/udp"');
  return undefined;
}

function longForm(value: Value, at: string, report: Report): Published | undefined {
  const port = { target: '', published: '', hostIp: '', protocol: 'tcp' };
  const ignored = (what: string) => (_: Value, memberAt: string) =>
    report.noEquivalent(memberAt, 'port-detail', `${what} is not kept`);
  const keep = (field: keyof typeof port) => (member: Value, memberAt: string) =>
    withText(member, memberAt, report, (text) => (port[field] = text));
  eachMember(value, at, report, {
    target: keep('target'),
    published: keep('published'),
    host_ip: keep('hostIp'),
    protocol: keep('protocol'),
    mode: ignored('how a port is shown on the hosts'),
    name: ignored('the name of a port'),
    app_protocol: ignored('what is spoken on a port'),
  });
  if (port.target !== '') return port;
  report.problem(at, 'port-invalid', 'a port says on which number the process listens, as "target"');
  return undefined;
}

function publish({ target, published, hostIp, protocol }: Published, at: string, draft: ServiceDraft, report: Report): void {
  if (!addRange(target, protocol, at, draft, report)) return;
  const where = `${target}/${protocol.toLowerCase()}`;
  if (/^(?:127\.|\[?::1\]?$|localhost$)/.test(hostIp)) {
    report.approximated(at, 'port-local', `${where} was shown on the host alone; here it is reached inside of the instance`);
    return;
  }
  draft.isPublished = true;
  const number = published === '' ? '' : `; the number ${published} outside is not kept`;
  const address = hostIp === '' || hostIp === '0.0.0.0' || hostIp === '[::]' ? '' : `, on all hosts instead of on ${hostIp}`;
  report.approximated(
    at,
    'port-published',
    `${where} is reached from outside at any host, under a number that the cluster picks${address}${number}`,
    'where the cluster has an address range, the service type "LoadBalancer" keeps the number',
  );
}

function addRange(range: string, protocol: string, at: string, draft: ServiceDraft, report: Report): boolean {
  const [first, last] = portsOf(range);
  const upper = protocol.toUpperCase();
  if (upper !== 'TCP' && upper !== 'UDP') {
    report.noEquivalent(at, 'port-protocol', `ports are TCP or UDP, not ${JSON.stringify(protocol)}`);
    return false;
  }
  if (!(first >= 1 && last >= first && last <= 65535)) {
    report.problem(at, 'port-invalid', `${JSON.stringify(range)} is no port and no range of ports`);
    return false;
  }
  for (let port = first; port <= last; port++) {
    if (draft.addPort(port, upper satisfies Protocol)) continue;
    report.problem(at, 'ports-too-many', 'a node has at most 100 ports; those beyond are left out');
    return true;
  }
  return true;
}

/** `8000-8009` → [8000, 8009]; not a number for anything else. */
function portsOf(range: string): [first: number, last: number] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range);
  return match ? [Number(match[1]), Number(match[2] ?? match[1])] : [Number.NaN, Number.NaN];
}
