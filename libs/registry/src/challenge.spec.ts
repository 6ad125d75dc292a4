import { challengeOf } from './challenge';

describe('A challenge of a registry', () => {
  it.each([
    [
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull"',
      {
        scheme: 'bearer',
        realm: 'https://auth.docker.io/token',
        service: 'registry.docker.io',
        scope: 'repository:library/nginx:pull',
      },
    ],
    [
      'bearer scope="repository:a:pull,push", realm=https://auth.example/t',
      { scheme: 'bearer', realm: 'https://auth.example/t', scope: 'repository:a:pull,push' },
    ],
    ['Basic realm="Registry, private"', { scheme: 'basic' }],
    ['Basic realm="x", Bearer realm="https://auth.example/t"', { scheme: 'bearer', realm: 'https://auth.example/t' }],
    ['Bearer service="without a realm"', undefined],
    ['Negotiate', undefined],
    [undefined, undefined],
  ])('is read from %s', (header, challenge) => expect(challengeOf(header)).toEqual(challenge));
});
