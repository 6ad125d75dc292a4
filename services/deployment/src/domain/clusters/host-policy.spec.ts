import type { HostPath } from '@souk/topology';
import { changesBetween, granted, grantsOf, type HostPolicy, noHostAccess, refusalOf, without } from './host-policy';

const mount = (hostPath: string, more: Partial<HostPath> = {}): HostPath => ({
  ...{ hostPath, containerPath: '/mnt', type: 'Directory' },
  ...more,
});
const paths = (...allowed: readonly string[]): HostPolicy => ({
  ...noHostAccess,
  hostPaths: allowed.map((path) => ({ path, readOnly: false })),
});

describe('What of the hosts may be mounted', () => {
  const tempting = [
    ...['/', '/etc', '/etc/shadow', '/proc', '/sys/kernel', '/var/run/docker.sock', '/run/containerd/containerd.sock'],
    ...['/var/lib/kubelet', '/var/lib/kubelet/pods', '/var', '/run', '/root/.ssh', '/usr/bin', '/boot'],
    ...['/run/next-runtime.sock', '/var/run/tailscale', '/var/lib/postgresql', '/var/spool/cron', '/var/snap/docker', '/snap/x'],
    ...['/lib64/security', '/libx32', '/usr/lib32'],
  ];
  const reading = (...allowed: readonly string[]): HostPolicy => ({
    ...noHostAccess,
    hostPaths: allowed.map((path) => ({ path, readOnly: true })),
  });
  const read = (path: string) => mount(path, { readOnly: true });

  it.each([...tempting, '/data', '/srv/app'])('is not %s, where nothing is granted', (path) => {
    expect(refusalOf(mount(path), noHostAccess)).toContain(path);
  });

  it.each(tempting.filter((path) => path !== '/'))('is not %s, where all of the host is granted', (path) => {
    expect(refusalOf(read(path), reading('/'))).toContain('exact path');
  });

  it.each(tempting)('is %s, where exactly that is granted', (path) => {
    expect(refusalOf(mount(path, { readOnly: false }), paths(path))).toBeUndefined();
  });

  it.each([
    ['/data/app', '/data'],
    ['/data', '/data/'],
    ['/data/', '/data'],
    ['/srv/a/b/c', '/srv/a'],
  ])('is %s for reading, where %s is granted for reading', (path, grant) => {
    expect(refusalOf(read(path), granted(noHostAccess, grantsOf(reading(grant))[0]!))).toBeUndefined();
  });

  it('is nothing below what somebody may write, where links lead anywhere', () => {
    const both = (...written: readonly string[]): HostPolicy => ({
      ...noHostAccess,
      hostPaths: [...paths(...written).hostPaths, ...reading('/data', '/data/app', '/data/app/x').hostPaths],
    });
    expect(refusalOf(mount('/data'), paths('/data'))).toBeUndefined();
    expect(refusalOf(mount('/data/'), paths('/data'))).toBeUndefined();
    expect(refusalOf(mount('/data/app'), paths('/data'))).toContain('below "/data"');
    expect(refusalOf(read('/data/app'), both('/data'))).toContain('below "/data"');
    expect(refusalOf(mount('/data/app'), paths('/data', '/data/app'))).toContain('below "/data"');
    expect(refusalOf(read('/data/app'), both('/data/app'))).toBeUndefined();
    expect(refusalOf(read('/data/app/x'), both('/data/app'))).toContain('below "/data/app"');
    expect(refusalOf(read('/data/other'), both('/data/app'))).toBeUndefined();
  });

  it.each([
    ['/database', '/data'],
    ['/data', '/data/app'],
    ['/data/../etc', '/data'],
    ['/data/./x', '/data'],
    ['/data//x', '/data'],
    ['data', '/data'],
    ['', '/data'],
  ])('is not "%s", where %s is granted', (path, grant) => {
    expect(refusalOf(mount(path), paths(grant))).toBeDefined();
    expect(refusalOf(read(path), reading(grant))).toBeDefined();
  });

  it('is written only where writing is granted', () => {
    const policy: HostPolicy = { ...noHostAccess, hostPaths: [{ path: '/data', readOnly: true }] };
    expect(refusalOf(mount('/data/x', { readOnly: true }), policy)).toBeUndefined();
    expect(refusalOf(mount('/data/x'), policy)).toBe('"/data/x" is granted for reading only');
  });

  it('is a device file only where exactly that is granted as a device', () => {
    const device = mount('/dev/ttyUSB0', { type: 'CharDevice' });
    const policy: HostPolicy = { ...noHostAccess, devices: ['/dev/ttyUSB0'], privileged: true };
    expect(refusalOf(device, policy)).toBeUndefined();
    expect(refusalOf(device, { ...policy, privileged: false })).toContain('"privileged" is not granted');
    expect(refusalOf(device, paths('/dev/ttyUSB0', '/dev', '/'))).toContain('device file');
    expect(refusalOf(mount('/dev/sda', { type: 'BlockDevice' }), policy)).toContain('device file');
    expect(refusalOf(mount('/dev/sda'), policy)).toContain('device file');
    expect(refusalOf(mount('/dev'), { ...policy, ...paths('/dev') })).toContain('one by one');
    expect(refusalOf(mount('/tmp/link', { type: 'CharDevice' }), paths('/tmp'))).toContain('device file');
  });
});

describe('The grants of an owner', () => {
  const before: HostPolicy = {
    hostNetwork: true,
    hostPaths: [{ path: '/data', readOnly: false }],
    devices: ['/dev/a'],
    privileged: false,
  };
  const after: HostPolicy = {
    hostNetwork: false,
    hostPaths: [{ path: '/data', readOnly: true }],
    devices: ['/dev/a', '/dev/b'],
    privileged: true,
  };

  it('lead one by one from one policy to another', () => {
    const changes = changesBetween(before, after);
    expect(changes).toEqual({
      granted: [{ kind: 'host-path', path: '/data', readOnly: true }, { kind: 'device', path: '/dev/b' }, { kind: 'privileged' }],
      withdrawn: [{ kind: 'host-network' }, { kind: 'host-path', path: '/data', readOnly: false }],
    });
    expect(changes.granted.reduce(granted, changes.withdrawn.reduce(without, before))).toEqual(after);
  });

  it('are none where nothing changes, however it is said', () => {
    const said: HostPolicy = { ...before, hostPaths: [{ path: '/data/', readOnly: false }, ...before.hostPaths] };
    expect(changesBetween(before, said)).toEqual({ granted: [], withdrawn: [] });
  });
});
