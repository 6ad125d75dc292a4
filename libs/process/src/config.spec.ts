import { temporaryFolder } from '@souk/event-sourcing/testing';
import { InvalidConfig } from '@souk/platform';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serviceConfig } from './config';

const key = Buffer.alloc(32, 1).toString('base64');
const environment = {
  SOUK_EVENT_STORE: 'esdb://user:hush@store:2113',
  SOUK_BUS: 'nats://one:4222,nats://two:4222',
  SOUK_READ_STORE: 'mongodb://documents:27017',
  SOUK_MASTER_KEYS: key,
  SOUK_NEIGHBOURS: 'authorization=10.0.0.1:4000,release=release:4000,authorization=10.0.0.2:4000',
};

describe('Configuration of a service', () => {
  it('is read from the environment', () => {
    const { config } = serviceConfig(environment, ['authorization', 'release']);
    expect(config).toMatchObject({
      http: { host: '127.0.0.1', port: 3000 },
      rpc: { host: '127.0.0.1', port: 4000 },
      engines: {
        bus: { servers: ['nats://one:4222', 'nats://two:4222'], replicas: 1 },
        vault: 'mongodb://documents:27017',
        prefix: 'souk',
        masterKeys: [Buffer.alloc(32, 1)],
      },
      neighbours: { authorization: ['10.0.0.1:4000', '10.0.0.2:4000'], release: ['release:4000'] },
      drainMs: 5_000,
    });
  });

  it('names every engine that is missing, at once', () => {
    expect(() => serviceConfig({}, [])).toThrow(
      /SOUK_EVENT_STORE is needed[\s\S]*SOUK_BUS is needed[\s\S]*SOUK_READ_STORE is needed[\s\S]*SOUK_MASTER_KEYS is needed/,
    );
  });

  it('names the services that are asked and have no address', () => {
    expect(() => serviceConfig(environment, ['authorization', 'deployment', 'app-catalog'])).toThrow(
      'SOUK_NEIGHBOURS names no address of deployment, app-catalog',
    );
  });

  it('names the variable whose address can not be', () => {
    const impossible = { ...environment, SOUK_NEIGHBOURS: `${environment.SOUK_NEIGHBOURS},release=release:99999` };
    expect(() => serviceConfig(impossible, [])).toThrow('SOUK_NEIGHBOURS has an address of "release" that can\'t be');
  });

  it('wants a vault that is shared, where read models are not', () => {
    const local = { ...environment, SOUK_READ_STORE: 'lmdb' };
    expect(() => serviceConfig(local, [])).toThrow(/SOUK_VAULT is needed/);
    const { config } = serviceConfig({ ...local, SOUK_VAULT: 'mongodb://vault:27017' }, []);
    expect(config.engines).toMatchObject({ readStore: 'lmdb', vault: 'mongodb://vault:27017' });
  });

  it('wants all files of TLS or none, and says which can’t be read', () => {
    expect(() => serviceConfig({ ...environment, SOUK_RPC_TLS_CERT: '/nowhere' }, [])).toThrow(/needed together/);
    const all = { SOUK_RPC_TLS_CERT: '/nowhere', SOUK_RPC_TLS_KEY: '/nowhere', SOUK_RPC_TLS_CA: '/nowhere' };
    expect(() => serviceConfig({ ...environment, ...all }, [])).toThrow(/SOUK_RPC_TLS_CERT names a file that can't be read/);
  });

  describe('of a bus in a cluster', () => {
    const folder = temporaryFolder();
    afterAll(() => folder.remove());
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder.path, name), text);
      return join(folder.path, name);
    };
    const user = '-----BEGIN NATS USER JWT-----\nx\n------END NATS USER JWT------\n-----BEGIN USER NKEY SEED-----\nhush\n';
    const ca = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n';

    it('has replicas, credentials and an authority of its own', () => {
      const { config } = serviceConfig(
        {
          ...environment,
          SOUK_BUS_REPLICAS: '3',
          SOUK_BUS_CREDENTIALS: file('user.creds', user),
          SOUK_BUS_TLS_CA: file('ca.crt', ca),
        },
        [],
      );
      expect(config.engines.bus).toMatchObject({ replicas: 3, credentials: user, tls: { ca } });
    });

    it.each(['0', '6', '1.5', 'many'])('has 1 to 5 replicas, not %s', (replicas) => {
      expect(() => serviceConfig({ ...environment, SOUK_BUS_REPLICAS: replicas }, [])).toThrow(/SOUK_BUS_REPLICAS must be/);
    });

    it('says at once which files are not what they should be, and not what is in them', () => {
      const wrong = {
        ...environment,
        SOUK_BUS_CREDENTIALS: file('wrong.creds', 'hush'),
        SOUK_BUS_TLS_CA: join(folder.path, 'nowhere'),
      };
      const words = /SOUK_BUS_CREDENTIALS names a file that does not hold[\s\S]*SOUK_BUS_TLS_CA names a file that can't be read/;
      expect(() => serviceConfig(wrong, [])).toThrow(words);
      expect(() => serviceConfig(wrong, [])).not.toThrow(/hush/);
    });
  });

  it('prints no value', () => {
    const wrong = { ...environment, SOUK_EVENT_STORE: 'http://user:hush@store', SOUK_MASTER_KEYS: 'hush' };
    expect(() => serviceConfig(wrong, [])).toThrow(InvalidConfig);
    expect(() => serviceConfig(wrong, [])).not.toThrow(/hush/);
  });
});
