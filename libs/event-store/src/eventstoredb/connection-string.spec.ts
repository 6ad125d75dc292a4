import { checkConnectionString } from './connection-string';
import { Connection } from './connection';
import { loadDriver } from './driver';
import { InvalidConnectionString } from './errors';

describe('A connection string', () => {
  it.each([
    'esdb://127.0.0.1:2113?tls=false',
    'esdb://admin:changeit@node1:2113,node2:2113,node3?tlsCAFile=/etc/ca.crt&nodePreference=leader',
    'esdb+discover://cluster.example.com?keepAliveTimeout=5000&keep-alive-interval=10000',
    'esdb://127.0.0.1?tlsVerifyCert=true',
  ])('may be %s', (text) => expect(() => checkConnectionString(text)).not.toThrow());

  it.each([
    ['another protocol', 'http://admin:s3cret@127.0.0.1', 'esdb://host'],
    ['no host', 'esdb://', 'esdb://host'],
    ['an unknown option', 'esdb://admin:s3cret@127.0.0.1?tsl=false', 'no option "tsl"'],
    ['an option without a value', 'esdb://admin:s3cret@127.0.0.1?tls', 'has no value'],
    ['an option that the driver leaves out of account', 'esdb://admin:s3cret@127.0.0.1?tlsVerifyCert=false', 'tlsCAFile'],
    ['a switch that would hide refusals', 'esdb://admin:s3cret@127.0.0.1?throwOnAppendFailure=false', 'no option'],
    ['a password with a ?', 'esdb://admin:pa?s3cret@127.0.0.1:2113', '%3F'],
    ['a password with two of them', 'esdb://admin:pa?s3cret?x@127.0.0.1:2113?tls=false', '%3F'],
    ['a password that ends like an option', 'esdb://admin:pa?tls=s3cret@127.0.0.1:2113', '%3F'],
    ['a password behind an option', 'esdb://admin:pa?tls&s3cret@127.0.0.1:2113', '%3F'],
    ['an option that is no name', 'esdb://127.0.0.1?s3cret+', 'an option that is none'],
    ['a port that is none', 'esdb://admin:s3cret@127.0.0.1:x?tls=false', 'expected port number'],
    ['an authority that is not there', 'esdb://admin:s3cret@127.0.0.1?tlsCAFile=/nowhere/ca.crt', 'was not found'],
  ])('is refused with %s, and not quoted', async (_, text, problem) => {
    const driver = await loadDriver();
    const connect = (): Connection => new Connection(driver, text, 1_000);
    expect(connect).toThrow(InvalidConnectionString);
    expect(connect).toThrow(problem);
    expect(connect).not.toThrow('s3cret');
  });
});
