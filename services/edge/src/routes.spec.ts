import { routeOf } from './routes';

describe('Routes of the edge', () => {
  it.each([
    ['/v1/apps', 'app-catalog'],
    ['/v1/apps/app_1', 'app-catalog'],
    ['/v1/apps/app_1/list', 'app-catalog'],
    ['/v1/apps/app_1/versions', 'release'],
    ['/v1/versions/ver_1', 'release'],
    ['/v1/versions/ver_1/configurations', 'orchestration'],
    ['/v1/instances/ins_1', 'deployment'],
    ['/v1/instances/ins_1/credential/rotate', 'authorization'],
    ['/v1/apps/', 'app-catalog'],
  ])('%s is answered by %s', (path, service) => {
    expect(routeOf(path)?.service).toBe(service);
  });

  it.each(['/', '/v1', '/v2/apps', '/v1/appsandmore', '//v1/apps'])('nobody answers %s', (path) => {
    expect(routeOf(path)).toBeUndefined();
  });
});
