import { EVENTS, NAMESPACES, PERSISTENT_VOLUME_CLAIMS, PODS, RESOURCES, SERVICES } from '../objects/resources';
import { isLimited } from './quota';

describe('What a quota limits', () => {
  const limited = (name: string) =>
    RESOURCES.filter((resource) => isLimited(resource, { [name]: '1' })).map(({ plural }) => plural);

  it.each([
    ['requests.cpu', ['pods']],
    ['limits.memory', ['pods']],
    ['pods', ['pods']],
    ['count/pods', ['pods']],
    ['count/deployments.apps', ['deployments']],
    ['secrets', ['secrets']],
    ['services.loadbalancers', ['services']],
    ['persistentvolumeclaims', ['persistentvolumeclaims']],
    ['requests.storage', ['persistentvolumeclaims']],
    ['nas.storageclass.storage.k8s.io/persistentvolumeclaims', ['persistentvolumeclaims']],
  ])('%s is about %j', (name, plurals) => expect(limited(name)).toEqual(plurals));

  it('is nothing where it says nothing, and never an event or what is in no namespace', () => {
    for (const resource of [PODS, SERVICES, PERSISTENT_VOLUME_CLAIMS]) expect(isLimited(resource, {})).toBe(false);
    expect([isLimited(EVENTS, { 'count/events': '1' }), isLimited(NAMESPACES, { namespaces: '1' })]).toEqual([false, false]);
  });
});
