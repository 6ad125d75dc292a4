import { atOnce } from '@souk/event-sourcing';
import type { ConfigurationAtRevision } from '@souk/contracts';
import { type ImageFinding, imageProblems, imagesOf, imageWarnings, snapshotImageOf } from './images';
import { reviewOf } from './review';
import { snapshotSteps } from './snapshot';

const digest = `sha256:${'a'.repeat(64)}`;
const configuration: ConfigurationAtRevision = {
  ...{ configurationId: 'cfg_1', versionId: 'ver_1', providerTenant: 'ten_p', name: 'shop', hosting: 'edge', revision: 3 },
  problems: [],
  warnings: [],
  topology: {
    nodes: [
      { serviceName: 'web', category: 'custom', image: 'registry.example/shop/web:1.0' },
      { serviceName: 'api', category: 'custom', image: 'registry.example/shop/web:1.0' },
      { serviceName: 'db', category: 'third-party', preset: 'mysql' },
      { serviceName: 'rds', category: 'cloud', cloud: { service: 'simulated', plan: 'small' } },
    ],
    ...{ arrows: [], parameters: {}, secrets: {} },
  },
};
const web = 'registry.example/shop/web:1.0';
const found = (more: object = {}): ImageFinding => ({
  ...{ kind: 'found', digest, platforms: ['linux/amd64', 'linux/arm64'], simulated: false },
  ...more,
});
const away: ImageFinding = { kind: 'unknown', code: 'registry-unreachable', message: 'nobody there' };

describe('Images of a topology', () => {
  it('are those that nodes name, by themselves or by a preset, each once', () => {
    const images = imagesOf(configuration.topology);
    expect(images).toHaveLength(2);
    expect(images[0]).toMatch(/mysql/);
    expect(images[1]).toBe(web);
  });
});

describe('An image of a snapshot', () => {
  it.each([
    ['is pinned by what the registry says', web, found(), { digest, unpinned: false, platforms: ['linux/amd64', 'linux/arm64'] }],
    ['says nothing of platforms that nobody told', web, found({ platforms: [] }), { digest, unpinned: false }],
    [
      'says that its digest is simulated',
      web,
      found({ platforms: [], simulated: true }),
      { digest, unpinned: false, simulated: true },
    ],
    ['is unpinned where the registry is away', web, away, { unpinned: true, reason: 'registry-unreachable' }],
    ['is unpinned where nobody was asked', web, undefined, { unpinned: true }],
    ['that is named by digest is pinned', `web@${digest}`, away, { digest, unpinned: false }],
    [
      'that is named by digest has a digest that is real',
      `web@${digest}`,
      found({ platforms: [], simulated: true }),
      { digest, unpinned: false },
    ],
  ])('%s', (_, image, finding, expected) => expect(snapshotImageOf(image, finding)).toEqual({ image, ...expected }));

  it('counts for the digest of the snapshot', () => {
    const permissions = { versionId: 'ver_1', revision: 0, permissions: { apis: [], dataModels: [] }, problems: [] };
    const snapshot = (finding: ImageFinding) =>
      atOnce(snapshotSteps({ appId: 'app_1', number: '1.0.0' }, [configuration], permissions, new Map([[web, finding]]))).digest;
    expect(snapshot(found())).toBe(snapshot(found()));
    expect(snapshot(found({ digest: `sha256:${'b'.repeat(64)}` }))).not.toBe(snapshot(found()));
  });
});

describe('Findings about images', () => {
  const problems = (finding: ImageFinding) =>
    imageProblems([configuration], new Map([[web, finding]]), ['linux/amd64', 'linux/arm/v7']);

  it('stand in the way where an image is nowhere, at every node that names it', () => {
    expect(problems({ kind: 'missing', message: 'none' }).map(({ code, pointer }) => [code, pointer])).toEqual([
      ['image-not-found', '/configurations/shop/nodes/0/image'],
      ['image-not-found', '/configurations/shop/nodes/1/image'],
    ]);
  });

  it('stand in the way where an image is not for all platforms of the app', () => {
    expect(problems(found()).map(({ code, message }) => [code, message])[0]).toEqual([
      'image-platform',
      `"${web}" is for linux/amd64, linux/arm64, and not for linux/arm/v7, where the app runs`,
    ]);
    expect(problems(found({ platforms: ['linux/arm/v7', 'linux/amd64'] }))).toEqual([]);
    expect(problems(found({ platforms: [] }))).toEqual([]);
  });

  it('only warn where a registry is away', () => {
    expect(problems(away)).toEqual([]);
    expect(imageWarnings([configuration], new Map([[web, away]])).map(({ code, pointer }) => [code, pointer])).toEqual([
      ['image-unpinned', '/configurations/shop/nodes/0/image'],
      ['image-unpinned', '/configurations/shop/nodes/1/image'],
    ]);
  });

  it('are told once of an image whose name says already that it may be another one', () => {
    const permissions = { versionId: 'ver_1', revision: 0, permissions: { apis: [], dataModels: [] }, problems: [] };
    const byName = ['/nodes/0/image', '/nodes/2/image'].map((pointer) => ({ code: 'image-unpinned', pointer, message: 'name' }));
    const root = { code: 'user-is-root', pointer: '/nodes/0/image', message: 'root' };
    const draft = { ...configuration, warnings: [...byName, root] };
    const { warnings } = reviewOf([draft], permissions, { findings: new Map([[web, away]]), platforms: [] });
    expect(warnings.map(({ code, pointer, message }) => [code, pointer, message])).toEqual([
      ['image-unpinned', '/configurations/shop/nodes/2/image', 'name'],
      ['user-is-root', '/configurations/shop/nodes/0/image', 'root'],
      ['image-unpinned', '/configurations/shop/nodes/0/image', `"${web}" stays named by its tag: nobody there`],
      ['image-unpinned', '/configurations/shop/nodes/1/image', `"${web}" stays named by its tag: nobody there`],
    ]);
  });

  it('are part of a review', () => {
    const permissions = { versionId: 'ver_1', revision: 0, permissions: { apis: [], dataModels: [] }, problems: [] };
    const findings = new Map<string, ImageFinding>([[web, { kind: 'missing', message: 'none' }]]);
    const review = reviewOf([configuration], permissions, { findings, platforms: [] });
    expect(review.problems.map(({ code }) => code)).toEqual(['image-not-found', 'image-not-found']);
    expect(review.warnings).toEqual([]);
  });
});
