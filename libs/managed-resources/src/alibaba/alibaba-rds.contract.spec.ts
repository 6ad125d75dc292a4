import { createHash } from 'node:crypto';
import { managedResourcesContract, RdsStub } from '../../testing';
import { RequestRejected, TryLater } from '../errors';
import { alibabaAccountIn } from './alibaba-account';
import { AlibabaRds } from './alibaba-rds';

const passwordOf = async (bindingId: string) => createHash('sha256').update(bindingId).digest('hex');

const accountAt = (endpoint: string, accessKeyId = 'stub-key') => ({
  ...{ accessKeyId, accessKeySecret: 'stub-secret', regionId: 'cn-hangzhou', vpcId: 'vpc-1', vSwitchId: 'vsw-1' },
  ...{ securityIPList: '10.0.0.0/8', endpoint, protocol: 'http' as const },
});

/** By the vendor's SDK, against a stub: not against the vendor. */
describe('on a stub of its API', () => {
  managedResourcesContract('AlibabaRds', async () => {
    const stub = await RdsStub.start();
    return {
      resources: await AlibabaRds.open(accountAt(stub.endpoint), passwordOf),
      service: 'alibaba-rds-postgresql',
      plans: ['small', 'large'],
      count: () => stub.instances.size,
      destroy: () => stub.stop(),
    };
  });

  describe('Alibaba RDS', () => {
    let stub: RdsStub;
    let rds: AlibabaRds;
    beforeEach(async () => {
      stub = await RdsStub.start();
      rds = await AlibabaRds.open(accountAt(stub.endpoint), passwordOf);
    });
    afterEach(() => stub.stop());

    const request = {
      ...{ resourceId: 'b9ba1c1e-0000-4000-8000-000000000001', serviceId: 'alibaba-rds-mysql', planId: 'small', parameters: {} },
      customer: { tenant: 'ten_1', instanceId: 'inst_1', node: 'db' },
    };

    it('makes one server, though the first answer got lost and it is not listed yet', async () => {
      stub.faults.set('CreateDBInstance', [503, 'ServiceUnavailable']);
      await expect(rds.provision(request)).rejects.toThrow(TryLater);
      await rds.provision(request);
      await rds.provision(request);
      expect(stub.instances.size).toBe(1);
    });

    it('waits where the server is busy, and where there are too many calls', async () => {
      await rds.provision(request);
      await expect(rds.deprovision(request)).rejects.toThrow(TryLater);
      stub.faults.set('DescribeDBInstances', [400, 'Throttling.User']);
      await expect(rds.presenceOf(request)).rejects.toThrow(TryLater);
    });

    it('is rejected in the words of the vendor', async () => {
      stub.faults.set('CreateDBInstance', [400, 'InvalidDBInstanceClass.NotFound']);
      await expect(rds.provision(request)).rejects.toThrow(/InvalidDBInstanceClass\.NotFound/);
      const stranger = await AlibabaRds.open(accountAt(stub.endpoint, 'nobody'), passwordOf);
      await expect(stranger.provision(request)).rejects.toThrow(RequestRejected);
      await expect(rds.provision({ ...request, parameters: { size: 1 } })).rejects.toThrow(RequestRejected);
    });
  });
});

describe('An account of Alibaba Cloud', () => {
  it('is read with all that is missing told, and nothing of what is there', () => {
    expect(alibabaAccountIn(JSON.stringify(accountAt('rds.example')))).toMatchObject({ vpcId: 'vpc-1' });
    const half = JSON.stringify({ accessKeySecret: 'hush', vpcId: 'vpc-1', sizes: { small: {} } });
    expect(() => alibabaAccountIn(half)).toThrow(
      '"accessKeyId" is missing; "regionId" is missing; "vSwitchId" is missing; "securityIPList" is missing; "sizes" has to be',
    );
    expect(() => alibabaAccountIn('hush')).toThrow('it holds no JSON object');
  });
});
