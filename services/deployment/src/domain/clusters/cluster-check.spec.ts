import type { HostCapacity } from './capacity';
import { checkProblems, checkWarnings, type ClusterClaims, type ClusterFindings, type FoundStorageClass } from './cluster-check';

const host = (platform: string, schedulable = true): HostCapacity => ({
  ...{ name: platform, platform, schedulable },
  allocatable: { cpu: 1000, memory: 1000 },
  requested: { cpu: 0, memory: 0 },
});
const version = (major: string, minor: string) => ({ major, minor, gitVersion: `v${major}.${minor}.0` });
const fine: ClusterFindings = { version: version('1', '32'), denied: [], hosts: [host('linux/amd64')], storageClass: {} };
const claims: ClusterClaims = { platforms: ['linux/amd64'], nas: { storageClass: 'nas' } };
const told = (findings: Partial<ClusterFindings>, more: Partial<ClusterClaims> = {}) =>
  checkProblems({ ...claims, ...more }, { ...fine, ...findings }).map(({ code, pointer }) => `${code} ${pointer}`);

describe('A cluster that is to be registered', () => {
  it('is taken when all is as it is said', () => expect(told({})).toEqual([]));

  it.each([
    ['1', '28', true],
    ['1', '28+', true],
    ['2', '0', true],
    ['1', '27', false],
    ['1', '27+', false],
    ['0', '99', false],
    ['', '', false],
  ])('of version %s.%s is taken: %s', (major, minor, taken) => {
    expect(told({ version: version(major, minor) })).toEqual(taken ? [] : ['version-too-old /connection']);
  });

  it('is refused for every call that its credentials do not allow', () => {
    expect(told({ denied: ['patch deployments.apps', 'watch pods'] })).toEqual([
      'access-missing /connection',
      'access-missing /connection',
    ]);
  });

  it('is refused for platforms that no usable host reports, each by its place', () => {
    const platforms = ['linux/amd64', 'linux/arm64', 'linux/arm/v7'] as const;
    expect(told({ hosts: [host('linux/amd64'), host('linux/arm64', false)] }, { platforms })).toEqual([
      'platform-missing /platforms/1',
      'platform-missing /platforms/2',
    ]);
    expect(told({ hosts: [host('linux/amd64', false)] }, { platforms })).toEqual(['no-usable-host /connection']);
  });

  it('is refused for a NAS that it does not have', () => {
    expect(told({ storageClass: null })).toEqual(['storage-class-missing /nas/storageClass']);
  });

  it.each<[string, FoundStorageClass | null, string[]]>([
    ['that keeps volumes which nobody claims any more', { reclaimPolicy: 'Retain' }, ['storage-class-retains /nas/storageClass']],
    ['that deletes them', { reclaimPolicy: 'Delete' }, []],
    ['that says nothing of them', {}, []],
    ['that is not there', null, []],
  ])('is taken with a NAS %s, and its owner is told what to know', (_, storageClass, warnings) => {
    expect(checkWarnings(claims, { ...fine, storageClass }).map(({ code, pointer }) => `${code} ${pointer}`)).toEqual(warnings);
    expect(checkWarnings({ platforms: claims.platforms }, { ...fine, storageClass })).toEqual([]);
  });

  it('is refused for all of it at once', () => {
    const all = told({ version: version('1', '20'), denied: ['list nodes'], hosts: [], storageClass: null });
    expect(all).toEqual([
      'version-too-old /connection',
      'access-missing /connection',
      'no-usable-host /connection',
      'storage-class-missing /nas/storageClass',
    ]);
  });
});
