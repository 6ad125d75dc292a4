import { UnresolvedReference } from '@souk/topology';
import { StorageWithoutNas } from './storage';
import { unrenderable } from './unrenderable';

describe('What can’t be rendered', () => {
  it('is a failure of the operation, which names the node where it is about one', () => {
    expect(unrenderable(new StorageWithoutNas('web'))).toMatchObject({ failure: { code: 'refused', node: 'web' } });
    expect(unrenderable(new UnresolvedReference('node.db.host'))).toMatchObject({ failure: { code: 'refused' } });
  });

  it('is not what else goes wrong', () =>
    expect(() => unrenderable(new Error('the store is away'))).toThrow('the store is away'));
});
