import { platformApis } from '@souk/contracts';
import { apiRoutes } from './api-routes';

describe('API routes', () => {
  it('find every API of the catalogue by its own operation', () => {
    const find = apiRoutes(platformApis);
    expect(platformApis.map(({ method, path }) => find(method, path))).toEqual(platformApis.map(({ name }) => name));
  });

  it.each([
    ['POST', '/open/v1/instance'],
    ['GET', '/open/v1/instance/'],
    ['GET', '/open/v1//instance'],
    ['GET', '/open/v1/Instance'],
    ['GET', '/open/v1/instanc%65'],
    ['GET', '/open/v1/instance/../instance'],
    ['GET', '/'],
  ])('find nothing for %s %s', (method, path) => {
    expect(apiRoutes(platformApis)(method, path)).toBeUndefined();
  });

  it('match one segment for each pair of braces', () => {
    const find = apiRoutes([{ name: 'nodes.read', method: 'GET', path: '/v1.0/nodes/{name}/log', title: '' }]);
    expect(find('GET', '/v1.0/nodes/web/log')).toBe('nodes.read');
    expect(find('GET', '/v1x0/nodes/web/log')).toBeUndefined();
    expect(find('GET', '/v1.0/nodes//log')).toBeUndefined();
    expect(find('GET', '/v1.0/nodes/a/b/log')).toBeUndefined();
    expect(find('PUT', '/v1.0/nodes/web/log')).toBeUndefined();
  });
});
