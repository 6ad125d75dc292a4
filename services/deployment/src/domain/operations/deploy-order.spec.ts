import { inOrderBack } from './deploy-order';

const node = (name: string, ...dependsOn: string[]) => ({ name, dependsOn });

describe('The way back', () => {
  it('changes back first what was changed last, after what only the other version has', () => {
    const to = [node('web', 'api'), node('api', 'db', 'cache'), node('db'), node('cache', 'db')];
    const left = [node('web', 'api'), node('api', 'db'), node('worker', 'db'), node('db')];
    const steps = inOrderBack(to, left);
    expect(steps.map(({ name, node }) => (node ? name : `${name} goes`))).toEqual(['cache', 'web', 'worker goes', 'api', 'db']);
    expect(steps.find(({ name }) => name === 'db')?.after).toEqual(['api', 'worker']);
    expect(steps.filter(({ again }) => again).map(({ name }) => name)).toEqual(['cache']);
  });

  it('is the deploy order backwards where both have the same nodes', () => {
    const nodes = [node('web', 'api'), node('api', 'db'), node('db')];
    expect(inOrderBack(nodes, nodes).map(({ name }) => name)).toEqual(['web', 'api', 'db']);
  });
});
