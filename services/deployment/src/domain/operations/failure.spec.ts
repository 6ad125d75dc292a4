import { tooLate } from './failure';
import { failureCodeOf } from './failure-code';
import type { WaitCode } from './operation.events';

const late = (code: WaitCode, reason: string) =>
  tooLate({ name: 'tomcat', category: 'custom', image: 'shop/tomcat:1.2.0', waited: 600_000, wait: { code, reason } });

describe('A node that is too late', () => {
  it.each<[WaitCode, string, string, string]>([
    [
      'image-not-pulled',
      'its image "shop/tomcat:1.2.0" can\'t be pulled: not found',
      'image-not-pulled',
      'its image "shop/tomcat:1.2.0" can\'t be pulled: not found',
    ],
    [
      'not-ready',
      'it runs, but its health check does not succeed',
      'never-ready',
      'it runs, but its health check does not succeed (image "shop/tomcat:1.2.0")',
    ],
    ['starting', 'its pods are starting', 'never-ready', 'its pods are starting (image "shop/tomcat:1.2.0")'],
    ['crash-loop', 'it crashes again and again', 'crash-loop', 'it crashes again and again (image "shop/tomcat:1.2.0")'],
    ['does-not-fit', 'no host has room: 2Gi', 'does-not-fit', 'no host has room: 2Gi (image "shop/tomcat:1.2.0")'],
  ])('which waits for %s is told by node, image and reason', (code, reason, failure, words) => {
    expect(late(code, reason)).toEqual({
      code: failure,
      node: 'tomcat',
      reason: `node "tomcat" did not become ready within 10 minutes: ${words}`,
    });
  });
});

describe('The class of a failure of which only the sentence was kept', () => {
  it.each([
    ['init node "schema" failed: it ended with exit code 1; it is not run again unless somebody asks', 'init-failed'],
    ['the cluster refuses Deployment "web": spec.replicas: Invalid value', 'refused'],
    ['node "web" does not stay ready: it crashes again and again: it ended', 'unstable'],
    ['node "web" did not become ready within 10 minutes: its image "x" can\'t be pulled: not found', 'image-not-pulled'],
    ['node "web" did not become ready within 10 minutes: no host has room: it asks for 64Gi memory', 'does-not-fit'],
    ['node "web" did not become ready within 10 minutes: 0/2 nodes are available: 2 Insufficient memory.', 'does-not-fit'],
    ['node "web" did not become ready within 10 minutes: it crashes again and again: 3 restarts', 'crash-loop'],
    ['node "web" did not become ready within 10 minutes: its container can\'t be started: no such secret', 'cannot-start'],
    ['node "web" did not become ready within 10 minutes: pods "web-1" is forbidden: exceeded quota', 'quota-exceeded'],
    ['node "web" did not become ready within 10 minutes: it runs, but its health check does not succeed', 'never-ready'],
    ['node "tomcat" did not become ready', 'never-ready'],
    ['something else entirely', 'unknown'],
  ])('of “%s” is %s', (reason, code) => {
    expect(failureCodeOf(reason)).toBe(code);
  });
});
