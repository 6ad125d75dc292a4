import { ApiError } from './api-error';
import { type KubeObject } from './kube-object';
import { requestMatcher, selects } from './selector';

const pod = (labels: Record<string, string>, rest: object = {}): KubeObject =>
  ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-1', namespace: 'shop', labels }, ...rest }) as KubeObject;

describe('Selectors', () => {
  it.each([
    ['app=web', true],
    ['app==web,tier!=back', true],
    ['app!=web', false],
    ['app in (web, api),tier', false],
    ['app in (web,api),!tier', true],
    ['app notin (api)', true],
    ['tier notin (back)', true],
    ['example.com/zone=a', true],
    ['', true],
  ])('finds the labels {app: web, example.com/zone: a} by %j: %s', (selector, found) => {
    expect(requestMatcher('Pod', selector, undefined)(pod({ app: 'web', 'example.com/zone': 'a' }))).toBe(found);
  });

  it.each([
    ['metadata.name=web-1', true],
    ['metadata.namespace!=shop', false],
    ['spec.nodeName=edge-1,status.phase!=Running', true],
    ['spec.nodeName=', false],
  ])('finds a pending pod on edge-1 by the fields %j: %s', (selector, found) => {
    const object = pod({}, { spec: { nodeName: 'edge-1' }, status: { phase: 'Pending' } });
    expect(requestMatcher('Pod', undefined, selector)(object)).toBe(found);
  });

  it('refuses what it cannot read, and fields that a kind cannot be selected by', () => {
    expect(() => requestMatcher('Pod', 'a b c', undefined)).toThrow(ApiError);
    expect(() => requestMatcher('Secret', undefined, 'spec.nodeName=x')).toThrow('field label not supported: spec.nodeName');
  });

  it('selects by the expressions of a spec', () => {
    const selector = { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] };
    expect(selects(selector, { app: 'web' })).toBe(true);
    expect(selects(selector, { app: 'web', tier: 'x' })).toBe(false);
    expect(selects({}, undefined)).toBe(true);
  });
});
