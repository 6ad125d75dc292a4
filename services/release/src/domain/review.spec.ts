import type { ConfigurationAtRevision, PermissionsAtRevision } from '@souk/contracts';
import { changesSince, reviewOf } from './review';

const configuration = (name: string, problems: ConfigurationAtRevision['problems'] = []): ConfigurationAtRevision => ({
  configurationId: `cfg_${name}`,
  versionId: 'ver_1',
  providerTenant: 'ten_p',
  name,
  hosting: 'edge',
  revision: 3,
  topology: { nodes: [], arrows: [], parameters: {}, secrets: {} },
  problems,
  warnings: problems.map((problem) => ({ ...problem, code: `${problem.code}-perhaps` })),
});
const permissions = (problems: PermissionsAtRevision['problems'] = []): PermissionsAtRevision => ({
  versionId: 'ver_1',
  revision: 2,
  permissions: { apis: [], dataModels: [] },
  problems,
});

describe('A review', () => {
  it('names the revisions that it looked at', () => {
    expect(reviewOf([configuration('b'), configuration('a')], permissions()).revisions).toEqual({
      configurations: [
        { configurationId: 'cfg_a', revision: 3 },
        { configurationId: 'cfg_b', revision: 3 },
      ],
      permissions: 2,
    });
  });

  it('lists all problems at once, with pointers from the version', () => {
    const cycle = { code: 'cycle', pointer: '/arrows/0', message: 'a -> b -> a' };
    const unknown = { code: 'unknown-api', pointer: '/apis/0', message: '"x"' };
    expect(reviewOf([configuration('edge/1', [cycle])], permissions([unknown])).problems).toEqual([
      { ...cycle, pointer: '/configurations/edge~11/arrows/0' },
      { ...unknown, pointer: '/permissions/apis/0' },
    ]);
  });

  it('lists what should be looked at beside what is in the way', () => {
    const unpinned = { code: 'image-unpinned', pointer: '/nodes/0/image', message: '"web"' };
    expect(reviewOf([configuration('edge', [unpinned])], permissions()).warnings).toEqual([
      { ...unpinned, code: 'image-unpinned-perhaps', pointer: '/configurations/edge/nodes/0/image' },
    ]);
  });

  it('finds fault with a version that has nothing to deploy', () => {
    expect(reviewOf([], permissions()).problems.map(({ code }) => code)).toEqual(['no-configurations']);
  });
});

describe('Changes since a review', () => {
  const reviewed = { configurations: [{ configurationId: 'a', revision: 1 }], permissions: 0 };

  it('are none where every revision is the same', () => expect(changesSince(reviewed, reviewed)).toEqual([]));

  it.each([
    ['a configuration moved on', { ...reviewed, configurations: [{ configurationId: 'a', revision: 2 }] }],
    [
      'a configuration is new',
      { ...reviewed, configurations: [...reviewed.configurations, { configurationId: 'b', revision: 0 }] },
    ],
    ['a configuration is gone', { ...reviewed, configurations: [] }],
    ['permissions moved on', { ...reviewed, permissions: 1 }],
  ])('are told when %s', (_, now) => expect(changesSince(reviewed, now)).toHaveLength(1));
});
