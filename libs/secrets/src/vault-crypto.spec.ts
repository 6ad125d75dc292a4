import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { deriveFrom, expand, tenantKeys } from './vault-crypto';

describe('a derived secret', () => {
  it('is what HKDF of the data key makes of it, whatever its length', () => {
    const data = randomBytes(32);
    const keys = tenantKeys(data);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 200 }), (info, bytes) => {
        expect(deriveFrom(keys, info, bytes)).toEqual(expand(data, info, bytes));
      }),
    );
  });
});
