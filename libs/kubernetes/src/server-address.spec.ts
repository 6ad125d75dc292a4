import { AddressRefused, assertPublicOrAllowed } from './server-address';

describe('The address of a cluster', () => {
  it.each(['https://10.1.2.3:6443', 'https://192.168.0.4', 'https://203.0.113.9', 'https://[2001:db8::1]:6443'])(
    'may be %s',
    async (server) => {
      await expect(assertPublicOrAllowed(server)).resolves.toBeUndefined();
    },
  );

  it.each([
    'https://127.0.0.1:6443',
    'https://localhost:6443',
    'https://2130706433',
    'https://0x7f.1',
    'https://0.0.0.0',
    'https://[::1]',
    'https://[::ffff:127.0.0.1]',
    'https://[::ffff:a9fe:a9fe]',
    'https://169.254.169.254',
    'https://100.100.100.200',
    'https://[fe80::1]',
    'https://[fd00:ec2::254]',
    'https://224.0.0.1',
  ])('must not be %s', async (server) => {
    await expect(assertPublicOrAllowed(server)).rejects.toThrow(AddressRefused);
  });

  it('may be one that the configuration allows', async () => {
    await expect(assertPublicOrAllowed('https://127.0.0.1:6443', ['127.0.0.0/8'])).resolves.toBeUndefined();
    await expect(assertPublicOrAllowed('https://127.0.0.1:6443', ['127.0.0.2'])).rejects.toThrow(AddressRefused);
  });
});
