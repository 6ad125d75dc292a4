import { type Container } from '../objects/workloads';
import { agnhostConduct } from './agnhost';

const image = 'registry.k8s.io/e2e-test-images/agnhost:2.53';
const toolbox = (more: object): Container => ({ name: 'web', image, ...more });
const netexec = { args: ['netexec', '--http-port=8080'] };

describe('A container of agnhost', () => {
  it.each([
    [{ command: ['true'] }, {}],
    [{ command: ['false'] }, { behaviour: 'crash-loop', exitCode: 1 }],
    [{ command: ['sh', '-c', 'echo no; exit 3'] }, { behaviour: 'crash-loop', exitCode: 3 }],
    [{ command: ['sh', '-c', 'until wget -q -O - "$URL"; do sleep 1; done'] }, {}],
    [{ ...netexec, readinessProbe: { httpGet: { path: '/healthz', port: 8080 } } }, {}],
    [{ ...netexec, readinessProbe: { tcpSocket: { port: 9090 } } }, { behaviour: 'never-ready' }],
    [{ ...netexec, readinessProbe: { exec: { command: ['false'] } } }, { behaviour: 'never-ready' }],
    [{ args: ['pause'], readinessProbe: { tcpSocket: { port: 8080 } } }, { behaviour: 'never-ready' }],
  ])('told %j does what it would do anywhere', (told, conduct) => {
    expect(agnhostConduct(toolbox(told))).toEqual(conduct);
  });

  it('is the only image that is known', () => {
    expect(agnhostConduct({ ...toolbox({ command: ['false'] }), image: 'shop/not-agnhost-at-all:1' })).toEqual({});
  });
});
