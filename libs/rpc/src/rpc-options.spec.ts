import { isInClear } from './rpc-options';

describe('Internal calls', () => {
  it.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1'])('to %s stay on this machine', (host) => {
    expect(isInClear(host, undefined)).toBe(false);
  });

  it.each(['0.0.0.0', '::', '10.0.0.7', 'release.souk.svc', '127.0.0.1.example.com'])(
    'to %s are in clear without certificates, and not with them',
    (host) => {
      expect(isInClear(host, undefined)).toBe(true);
      expect(isInClear(host, { ca: '', cert: '', key: '' })).toBe(false);
    },
  );
});
