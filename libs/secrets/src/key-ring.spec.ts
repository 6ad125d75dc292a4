import { randomBytes } from 'node:crypto';
import { KeyRingUnusable, parseMasterKeys } from './key-ring';

describe('master keys in a configuration', () => {
  const [a, b] = [randomBytes(32), randomBytes(32)] as const;

  it('are base64 of 32 bytes, separated by commas', () => {
    expect(parseMasterKeys(a.toString('base64'))).toEqual([a]);
    expect(parseMasterKeys(`${a.toString('base64')}, ${b.toString('base64')}`)).toEqual([a, b]);
  });

  it.each(['', 'secret', `${a.toString('base64')},`, randomBytes(31).toString('base64'), a.toString('hex')])(
    'are refused without being quoted otherwise',
    (text) => {
      const parse = (): unknown => parseMasterKeys(text);
      expect(parse).toThrow(KeyRingUnusable);
      if (text !== '') expect(parse).not.toThrow(text);
    },
  );
});
