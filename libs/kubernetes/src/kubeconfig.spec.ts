import { stringify } from 'yaml';
import { parseKubeconfig } from './kubeconfig';

const pem = Buffer.from('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n').toString('base64');

const kubeconfig = (cluster: object = {}, user: object = {}) =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'edge',
    contexts: [{ name: 'edge', context: { cluster: 'edge', user: 'souk' } }],
    clusters: [{ name: 'edge', cluster: { server: 'https://10.1.2.3:6443', 'certificate-authority-data': pem, ...cluster } }],
    users: [{ name: 'souk', user: { token: 'tok', ...user } }],
  });

const problemsOf = (text: string) => parseKubeconfig(text).problems.map(({ code, pointer }) => `${code} ${pointer}`);

describe('A kubeconfig', () => {
  it('with an inline authority and a token is taken', () => {
    expect(parseKubeconfig(kubeconfig()).endpoint).toEqual({
      server: 'https://10.1.2.3:6443',
      certificateAuthority: expect.stringContaining('BEGIN CERTIFICATE'),
      token: 'tok',
    });
  });

  it('with a client certificate is taken', () => {
    const user = { token: undefined, 'client-certificate-data': pem, 'client-key-data': pem };
    expect(parseKubeconfig(kubeconfig({}, user)).endpoint?.clientCertificate?.key).toContain('BEGIN');
  });

  it.each([
    ['runs a program', {}, { exec: { command: 'aws' } }, 'kubeconfig-refused /users/0/user/exec'],
    ['names an auth provider', {}, { 'auth-provider': { name: 'gcp' } }, 'kubeconfig-refused /users/0/user/auth-provider'],
    ['reads a token file', {}, { tokenFile: '/etc/shadow' }, 'kubeconfig-refused /users/0/user/tokenFile'],
    ['reads a key file', {}, { 'client-key': '/etc/key' }, 'kubeconfig-refused /users/0/user/client-key'],
    [
      'reads an authority file',
      { 'certificate-authority': '/etc/ca' },
      {},
      'kubeconfig-refused /clusters/0/cluster/certificate-authority',
    ],
    ['goes through a proxy', { 'proxy-url': 'http://x' }, {}, 'kubeconfig-refused /clusters/0/cluster/proxy-url'],
    [
      'checks no certificate',
      { 'insecure-skip-tls-verify': true },
      {},
      'kubeconfig-refused /clusters/0/cluster/insecure-skip-tls-verify',
    ],
    ['speaks plain http', { server: 'http://10.1.2.3' }, {}, 'kubeconfig-server /clusters/0/cluster/server'],
    ['has credentials in its address', { server: 'https://a:b@10.1.2.3' }, {}, 'kubeconfig-server /clusters/0/cluster/server'],
    [
      'has an authority that is no PEM',
      { 'certificate-authority-data': 'AAAA' },
      {},
      'kubeconfig-pem /clusters/0/cluster/certificate-authority-data',
    ],
    ['has half a client certificate', {}, { 'client-key-data': pem }, 'kubeconfig-credentials /users/0/user'],
  ])('that %s is refused', (_, cluster, user, problem) => {
    expect(problemsOf(kubeconfig(cluster, user))).toEqual([problem]);
  });

  it('has one problem for each thing that is refused', () => {
    expect(problemsOf(kubeconfig({ 'proxy-url': 'http://x' }, { exec: {}, tokenFile: '/x' }))).toHaveLength(3);
  });

  it.each([
    ['no YAML', '{'],
    ['no document', ''],
    ['a number', '12'],
    ['a YAML bomb', 'a: &a [x, x]\nb: &b [*a, *a]\nclusters: [*b, *b]'],
    ['without a context', 'clusters: []'],
    ['of nothing but nulls', 'current-context: a\ncontexts: [null, {name: a, context: null}]'],
  ])('that is %s is refused', (_, text) => {
    expect(parseKubeconfig(text)).toMatchObject({ endpoint: undefined, problems: [{}] });
  });

  it('of our own simulated cluster may speak plain http', () => {
    const text = kubeconfig({ server: 'http://127.0.0.1:7000', 'insecure-skip-tls-verify': true });
    expect(parseKubeconfig(text, { trusted: true }).endpoint?.server).toBe('http://127.0.0.1:7000');
  });
});
