import { platformsOfImages } from './platforms';

const images = (...platforms: readonly (readonly string[] | undefined)[]) => ({
  images: platforms.map((known, i) => ({ image: `image-${i}`, unpinned: false, ...(known && { platforms: known }) })),
});

describe('The platforms of a configuration', () => {
  it.each([
    [
      'are those that all of its images are for',
      [
        ['linux/arm64/v8', 'linux/amd64'],
        ['linux/amd64', 'linux/arm64'],
      ],
      ['linux/amd64', 'linux/arm64'],
    ],
    ['are few where one image is for few', [['linux/amd64', 'linux/arm64'], ['linux/arm64']], ['linux/arm64']],
    ['are not known where one of an image is not', [['linux/amd64'], undefined], undefined],
    ['are not known where its images have none in common', [['linux/amd64'], ['linux/arm64']], undefined],
    ['are not known without images', [], undefined],
  ])('%s', (_, told, platforms) => {
    expect(platformsOfImages(images(...told))).toEqual(platforms);
  });
});
