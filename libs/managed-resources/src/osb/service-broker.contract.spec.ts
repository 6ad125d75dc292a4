import { managedResourcesContract, TestBroker } from '../../testing';
import { ServiceBroker } from './service-broker';

describe.each([
  ['that answers at once', { polls: 0, asyncBindings: false }],
  ['that takes its time', { polls: 2, asyncBindings: true }],
])('on a broker %s', (_, options) => {
  managedResourcesContract('ServiceBroker', async () => {
    const broker = await TestBroker.start(options);
    const resources = new ServiceBroker({ url: broker.url, credentials: broker.credentials });
    return {
      resources,
      service: 'broker-postgresql',
      plans: ['small', 'large'],
      count: () => broker.instances.size,
      destroy: async () => {
        resources.close();
        await broker.stop();
      },
    };
  });
});
