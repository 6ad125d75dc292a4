import type { SsoDeclaration } from '@souk/contracts';
import type { InstanceDoc, NodePlace } from '../../projections/instances.projection';
import { signInUrls } from './sign-in';

const sso: SsoDeclaration = { path: '/login?by=souk', node: 'web', port: 80 };
const urls = (...addresses: NodePlace[]) =>
  signInUrls({ nodes: [{ serviceName: 'web', state: 'ready', addresses }] } as unknown as InstanceDoc, sso);
const inside: NodePlace = { host: 'web', port: 80, protocol: 'TCP' };

describe('An instance is opened by a browser', () => {
  it.each<[string, NodePlace, string[]]>([
    ['nowhere, when it is reached inside of the cluster only', inside, []],
    ['at an address of its own', { ...inside, address: '10.4.0.7' }, ['http://10.4.0.7/login?by=souk']],
    [
      'at every host that it runs on, by the node port',
      { ...inside, nodePort: 30080, hosts: ['10.0.0.1', 'fd00::1'] },
      ['http://10.0.0.1:30080/login?by=souk', 'http://[fd00::1]:30080/login?by=souk'],
    ],
    ['in the network of its host, by the port', { ...inside, hosts: ['10.0.0.1'] }, ['http://10.0.0.1/login?by=souk']],
    ['not at another port', { ...inside, port: 81, address: '10.4.0.7' }, []],
  ])('%s', (_, place, expected) => expect(urls(place)).toEqual(expected));

  it('nowhere, as long as its node is not there', () => {
    expect(signInUrls({ nodes: [] } as unknown as InstanceDoc, sso)).toEqual([]);
  });
});
