import { filledInDigest, movedSince, type PlanRevisions } from './plan-revisions';

const planned: PlanRevisions = {
  ...{ snapshot: 'a', configuration: 'standard', clusterId: 'one', cluster: 3, instanceId: 'mine', instance: 7, filledIn: 'x' },
};

describe('A plan', () => {
  it('holds while everything is as it was', () => expect(movedSince(planned, { ...planned })).toEqual([]));

  it.each([
    ['version-changed', { snapshot: 'b' }],
    ['configuration-changed', { configuration: 'large' }],
    ['another-cluster', { clusterId: 'two' }],
    ['cluster-changed', { cluster: 4 }],
    ['another-instance', { instanceId: 'yours' }],
    ['instance-changed', { instance: 8 }],
    ['filled-in-changed', { filledIn: 'y' }],
  ])('does not hold after %s', (code, change) => {
    const pointer = `/plan/${Object.keys(change)[0]}`;
    expect(movedSince(planned, { ...planned, ...change })).toMatchObject([{ code, pointer }]);
  });

  it('for a new instance is for none that is there', () => {
    const { instanceId: _, instance: __, ...anew } = planned;
    expect(movedSince(anew, planned).map(({ code }) => code)).toEqual(['another-instance', 'instance-changed']);
  });

  it('goes by what is filled in, in whatever order', () => {
    const digest = (parameters: Record<string, string>, secrets = {}) => filledInDigest({ parameters, secrets });
    expect(digest({ a: '1', b: '2' })).toBe(digest({ b: '2', a: '1' }));
    expect(new Set([digest({ a: '1' }), digest({ a: '2' }), digest({}, { a: '1' }), digest({}, { a: '2' })]).size).toBe(4);
  });
});
