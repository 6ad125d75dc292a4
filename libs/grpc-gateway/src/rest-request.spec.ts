import fc from 'fast-check';
import { RefusedCall } from './gateway-problems';
import { loadPublicApi } from './public-api';
import { restRequestOf } from './rest-request';

const { methods } = loadPublicApi();
const request = (name: string, message: object, headers = {}, atLeast?: string) => {
  const method = methods.find((known) => known.name === name)!;
  return restRequestOf(method, method.request.decode(method.request.encode(message).finish()), headers, atLeast);
};
const bodyOf = ({ body }: { readonly body?: Uint8Array }): unknown => JSON.parse(Buffer.from(body!).toString());

describe('A call as a request', () => {
  it('has its path fields in the path, and the others in the body', () => {
    const made = request('UpgradeInstance', { instance_id: 'i', version_id: 'v', accept_permissions: false });
    expect(made).toMatchObject({ method: 'POST', path: '/v1/instances/i/upgrade' });
    expect(bodyOf(made)).toEqual({ versionId: 'v', acceptPermissions: false });
  });

  it('has one path segment for every value of a field', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 50 }), (id) => {
        fc.pre(id !== '.' && id !== '..');
        const { path } = request('GetApp', { app_id: id });
        expect(path.startsWith('/v1/apps/')).toBe(true);
        const segment = path.slice('/v1/apps/'.length);
        expect(segment).toMatch(/^[\w.!~*'()%-]+$/);
        expect(new URL(path, 'http://localhost').pathname).toBe(path);
        expect(decodeURIComponent(segment)).toBe(id.toWellFormed());
      }),
    );
  });

  it.each(['', '.', '..'])('takes "%s" for no path segment', (id) => {
    expect(() => request('GetApp', { app_id: id })).toThrow(RefusedCall);
  });

  it('has what is neither in the path nor in the body in the query, if it was given', () => {
    expect(request('ListInstances', { limit: 0, status: 'running & well' }).path).toBe(
      '/v1/instances?limit=0&status=running+%26+well',
    );
    expect(request('ListInstances', {}).path).toBe('/v1/instances');
    expect(request('DeleteInstance', { instance_id: 'i', reason: 'old' })).toMatchObject({
      method: 'DELETE',
      path: '/v1/instances/i?reason=old',
    });
  });

  it('waits for a position', () => {
    expect(request('GetApp', { app_id: 'a' }, {}, 'x-1').path).toBe('/v1/apps/a?atLeast=x-1');
  });

  it('has required fields in its body whatever they are, and others if they were given', () => {
    const body = bodyOf(
      request('ReleaseVersion', { version_id: 'v', reviewed: { configurations: [{ configuration_id: 'c' }] } }),
    );
    expect(body).toEqual({ reviewed: { configurations: [{ configurationId: 'c', revision: 0 }], permissions: 0 } });
  });

  it('has a field as its body, where that is the body', () => {
    const made = request('ReplaceTopology', { configuration_id: 'c', topology: { nodes: [] } }, { 'if-match': '"0"' });
    expect(made).toMatchObject({ method: 'PUT', path: '/v1/configurations/c/topology' });
    expect(made.headers).toEqual({ 'if-match': '"0"', 'content-type': 'application/json' });
    expect(bodyOf(made)).toEqual({ nodes: [] });
  });

  it('has bytes as they are', () => {
    const data = Buffer.from('{"specversion" : "1.0"}');
    const made = request('ReceiveOrderEvent', {
      billing_source_id: 'b',
      event: { content_type: 'application/cloudevents+json', data },
    });
    expect(Buffer.from(made.body!)).toEqual(data);
    expect(made.headers).toEqual({ 'content-type': 'application/cloudevents+json' });
    expect(made.path).toBe('/v1/billing-sources/b/events');
  });

  it('goes on after an event that was seen', () => {
    expect(request('WatchOperation', { operation_id: 'o', after: 'x-1' })).toMatchObject({
      path: '/v1/operations/o/events',
      headers: { 'last-event-id': 'x-1' },
    });
  });

  it.each([
    ['WatchOperation', { operation_id: 'o', after: 'x\r\nauthorization: other' }],
    ['ReceiveOrderEvent', { billing_source_id: 'b', event: { content_type: 'text/plain\r\nx: y' } }],
  ])('of %s lets no header in by a field', (name, message) => {
    expect(() => request(name, message)).toThrow(RefusedCall);
  });
});
