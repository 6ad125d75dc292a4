import { conductOf, parseImage } from './images';

const base = { images: {}, startupMs: 100, slowStartupMs: 3000, runMs: 150 };
const digest = `sha256:${'0'.repeat(64)}`;

describe('The conduct of an image', () => {
  it.each([
    ['nginx:1.25', 'normal'],
    ['shop:1.0-never-ready', 'never-ready'],
    [`shop:1.0-crash-loop@${digest}`, 'crash-loop'],
    [`registry:5000/shop-pull-error@${digest}`, 'pull-error'],
    ['shop:2-slow', 'slow'],
    ['migrate:1-job-fails', 'job-fails'],
    ['slowpoke:1', 'normal'],
  ])('follows the name: %s is %s', (image, behaviour) => {
    expect(conductOf(image, base).behaviour).toBe(behaviour);
  });

  it('follows a rule before the name: the exact one, then the longest pattern', () => {
    const images = {
      'shop/*': { behaviour: 'slow' as const },
      'shop/web*': { behaviour: 'never-ready' as const, startupMs: 7 },
      'shop/web:2': { behaviour: 'normal' as const },
    };
    const of = (image: string): unknown => conductOf(image, { ...base, images }).behaviour;
    expect([of('shop/api:1-crash-loop'), of('shop/web:1'), of('shop/web:2'), of(`shop/web:2@${digest}`)]).toEqual([
      'slow',
      'never-ready',
      'normal',
      'normal',
    ]);
    expect(conductOf('shop/web:1', { ...base, images }).startupMs).toBe(7);
  });

  it('takes an image apart', () => {
    expect(parseImage(`registry:5000/shop/web:1@${digest}`)).toEqual({ repository: 'registry:5000/shop/web', tag: '1', digest });
    expect(parseImage('registry:5000/web')).toEqual({ repository: 'registry:5000/web', tag: undefined, digest: undefined });
  });
});
