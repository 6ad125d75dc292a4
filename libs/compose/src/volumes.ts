import type { HostPathType } from '@souk/topology';
import type { Report } from './finding';
import type { ServiceDraft } from './service-draft';
import { eachEntry, eachMember, type Handler, isMapping, isTrue, textOf, type Value, withText, wrongShape } from './value';

/** A mount of a service, in any of the ways to write it. */
interface Mount {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  readonly subpath: string;
}

/** `volumes` of a service. `identifiers`: names of the document's volumes, and what they are called on the cluster's storage. */
export function readMounts(
  value: Value,
  at: string,
  draft: ServiceDraft,
  identifiers: ReadonlyMap<string, string>,
  report: Report,
): void {
  eachEntry(value, at, report, (entry, entryAt) => {
    const mount = isMapping(entry) ? longForm(entry, entryAt, report) : shortForm(entry, entryAt, report);
    if (mount) addMount(mount, entryAt, draft, identifiers, report);
  });
}

/** `devices` of a service: `host[:container[:permissions]]` */
export function readDevices(value: Value, at: string, draft: ServiceDraft, report: Report): void {
  eachEntry(value, at, report, (entry, entryAt) => {
    const device = { source: '', target: '' };
    if (isMapping(entry)) {
      eachMember(entry, entryAt, report, {
        source: (member, memberAt) => withText(member, memberAt, report, (text) => (device.source = text)),
        target: (member, memberAt) => withText(member, memberAt, report, (text) => (device.target = text)),
        permissions: (_, memberAt) => report.approximated(memberAt, 'device-permissions', 'devices can be read and written'),
      });
    } else {
      const [source = '', target = ''] = (textOf(entry) ?? '').split(':');
      Object.assign(device, { source, target });
    }
    if (!device.source.startsWith('/')) {
      report.noEquivalent(entryAt, 'device-unknown', 'only devices that are files of the host can be given to a node');
      return;
    }
    addHostPath(
      { type: 'bind', readOnly: false, subpath: '', ...device, target: device.target || device.source },
      entryAt,
      draft,
      report,
    );
  });
}

/** `[source:]target[:modes]`; a source that is no path names a volume. */
function shortForm(value: Value, at: string, report: Report): Mount | undefined {
  const text = textOf(value);
  if (text === undefined) {
    wrongShape(value, at, 'a mount', report);
    return undefined;
  }
  // A path of Windows has a colon of its own.
  const drive = /^[A-Za-z]:[\\/]/.test(text) ? text.slice(0, 2) : '';
  const [first = '', second, modes = ''] = text.slice(drive.length).split(':');
  if (second === undefined) return { type: 'volume', source: '', target: first, readOnly: false, subpath: '' };
  const source = drive + first;
  const type = drive !== '' || /^[./~]/.test(source) ? 'bind' : 'volume';
  const known = new Set(['', 'ro', 'rw', 'z', 'Z', 'cached', 'delegated', 'consistent', 'nocopy']);
  const other = modes.split(',').filter((mode) => !known.has(mode));
  if (other.length > 0)
    report.noEquivalent(at, 'mount-mode', `the modes ${JSON.stringify(other.join(','))} of a mount are not kept`);
  return { type, source, target: second, readOnly: modes.split(',').includes('ro'), subpath: '' };
}

function longForm(value: Value, at: string, report: Report): Mount {
  const mount = { type: 'volume', source: '', target: '', readOnly: false, subpath: '' };
  const keep =
    (field: 'type' | 'source' | 'target' | 'subpath'): Handler =>
    (member, memberAt) =>
      withText(member, memberAt, report, (text) => (mount[field] = text));
  const ignored =
    (message: string): Handler =>
    (_, memberAt) =>
      report.noEquivalent(memberAt, 'mount-detail', message);
  eachMember(value, at, report, {
    type: keep('type'),
    source: keep('source'),
    target: keep('target'),
    read_only: (member) => (mount.readOnly = isTrue(member)),
    consistency: ignored('mounts are consistent'),
    bind: ignored('how a path of the host is mounted is the same for all of them'),
    tmpfs: ignored('the size of memory that is mounted is not kept'),
    image: ignored('files of other images are not mounted'),
    volume: (member, memberAt) =>
      eachMember(member, memberAt, report, {
        subpath: keep('subpath'),
        nocopy: ignored('storage begins empty anyway'),
        labels: ignored('labels are for other tools'),
      }),
  });
  return mount;
}

function addMount(mount: Mount, at: string, draft: ServiceDraft, identifiers: ReadonlyMap<string, string>, report: Report): void {
  if (!mount.target.startsWith('/')) {
    report.problem(at, 'mount-invalid', `${JSON.stringify(mount.target)} is no path in a container: it begins with a slash`);
    return;
  }
  switch (mount.type) {
    case 'bind':
      addHostPath(mount, at, draft, report);
      return;
    case 'volume':
      addStorage(mount, at, draft, identifiers, report);
      return;
    case 'tmpfs':
      report.approximated(
        at,
        'memory-mount',
        `${mount.target} lies in the container itself, not in memory; it is empty at each start as well`,
      );
      return;
    default:
      report.noEquivalent(at, 'mount-type', `mounts of type ${JSON.stringify(mount.type)} don't exist here`);
  }
}

function addStorage(
  { source, target, readOnly, subpath }: Mount,
  at: string,
  draft: ServiceDraft,
  identifiers: ReadonlyMap<string, string>,
  report: Report,
): void {
  if (source === '') {
    report.approximated(
      at,
      'volume-anonymous',
      `${target} has no volume of a name, so it lies in the container itself and is empty at each start`,
      'give the volume a name to keep what is in it',
    );
    return;
  }
  const identifier = identifiers.get(source);
  if (identifier === undefined) {
    report.problem(
      at,
      'volume-undefined',
      `the volume ${JSON.stringify(source)} is not declared under "volumes" of the document`,
    );
    return;
  }
  const safeSubpath = subpath.split('/').filter((part) => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(part));
  draft.storage.push({ identifier: [identifier, ...safeSubpath].join('/'), containerPath: target });
  if (readOnly) report.approximated(at, 'storage-writable', `the storage at ${target} can be written to`);
  else report.mapped(at, 'storage', `the storage ${JSON.stringify(identifier)} is at ${target}`);
}

function addHostPath({ source, target, readOnly }: Mount, at: string, draft: ServiceDraft, report: Report): void {
  if (!source.startsWith('/')) {
    report.noEquivalent(
      at,
      'bind-relative',
      `${JSON.stringify(source)} lies beside the document, and no host of the cluster has it`,
      'put the files into an image of your own, or write their content where a node writes it at its first start',
    );
    return;
  }
  const hostPath = source.length > 1 ? source.replace(/\/+$/, '') : source;
  const containerPath = target.length > 1 ? target.replace(/\/+$/, '') : target;
  const type = typeOf(source);
  draft.hostPaths.push({ hostPath, containerPath, type, ...(readOnly && { readOnly }) });
  report.approximated(
    at,
    'host-path-needs-grant',
    `the node sees ${hostPath} of its host, taken for a ${type}; it deploys only where the owner of the cluster has granted that`,
    type === 'Directory' ? 'where it is only a place for data, name a volume instead' : undefined,
  );
}

const knownFiles =
  /^\/etc\/(?:localtime|timezone|hosts|hostname|passwd|group|machine-id|resolv\.conf)$|\/[^/]*\.[A-Za-z0-9]{1,5}$/;
const directoriesWithDots = /\.d$/;
const blockDevices = /^\/dev\/(?:sd|hd|vd|xvd|nvme|mmcblk|loop|dm-|md)[^/]*$/;

/** By the looks of a path: a document does not say. */
function typeOf(path: string): HostPathType {
  if (path.endsWith('/')) return 'Directory';
  if (path.endsWith('.sock')) return 'Socket';
  if (blockDevices.test(path)) return 'BlockDevice';
  if (/^\/dev\/[^/]+$/.test(path) && path !== '/dev/shm') return 'CharDevice';
  return knownFiles.test(path) && !directoriesWithDots.test(path) ? 'File' : 'Directory';
}
