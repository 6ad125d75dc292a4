import fc from 'fast-check';
import { imagePattern, parseImage } from './image-reference';

const digest = `sha256:${'0a'.repeat(32)}`;

describe('Image references', () => {
  it.each([
    ['nginx', { registry: 'docker.io', repository: 'library/nginx' }],
    ['team/web:1.0', { registry: 'docker.io', repository: 'team/web', tag: '1.0' }],
    ['localhost/web', { registry: 'localhost', repository: 'web' }],
    ['localhost:5000/web', { registry: 'localhost:5000', repository: 'web' }],
    [
      `registry.example.com:443/a/b__c/d--e:v1.2_3-x@${digest}`,
      { registry: 'registry.example.com:443', repository: 'a/b__c/d--e', tag: 'v1.2_3-x', digest },
    ],
  ])('read %s', (image, parts) => {
    expect(parseImage(image)).toEqual(parts);
  });

  it.each([
    '',
    ' ',
    'nginx:',
    'nginx:a b',
    'NGINX',
    'https://registry.example.com/web:1',
    'a//b',
    'a/',
    '/a',
    'web@sha256:12',
    'web@md5:00',
    '-a/b',
    `nginx:${'t'.repeat(129)}`,
    `${'a/'.repeat(128)}b`,
    'a___b',
    'web:1:2',
  ])('refuse %j', (image) => {
    expect(parseImage(image)).toBeUndefined();
  });

  it('are what the pattern says that editors check with', () => {
    const piece = fc.constantFrom(
      'a',
      'b1',
      'A',
      '.',
      ':',
      '/',
      '-',
      '_',
      '__',
      '@',
      'localhost',
      '5000',
      'a.b',
      ':1',
      digest,
      `@${digest}`,
    );
    const pieces = fc.array(piece, { maxLength: 8 }).map((all) => all.join(''));
    fc.assert(
      fc.property(pieces, (image) => {
        expect([image, imagePattern.test(image)]).toEqual([image, parseImage(image) !== undefined]);
      }),
      { numRuns: 5000 },
    );
  });
});
