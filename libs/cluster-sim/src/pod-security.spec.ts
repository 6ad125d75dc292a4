import { type PodSpec } from './objects/workloads';
import { podSecurityViolations } from './registry/pod-security';
import { RunningSim } from '../testing/running-sim';

const spec = (container: object = {}, pod: object = {}): PodSpec => ({
  containers: [{ name: 'web', image: 'web:1', ...container }],
  ...pod,
});

const strict = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

describe('Pod security', () => {
  it('lets everything run where a namespace is privileged, and ordinary pods at the baseline', () => {
    expect(podSecurityViolations('privileged', spec({ securityContext: { privileged: true } }, { hostNetwork: true }))).toEqual(
      [],
    );
    expect(podSecurityViolations('baseline', spec())).toEqual([]);
  });

  it('names everything at once that the baseline does not allow', () => {
    const wild = spec(
      {
        securityContext: { privileged: true, capabilities: { add: ['SYS_ADMIN', 'CHOWN'] } },
        ports: [{ containerPort: 80, hostPort: 80 }],
      },
      {
        hostNetwork: true,
        volumes: [{ name: 'disk', hostPath: { path: '/' } }],
        securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }], seccompProfile: { type: 'Unconfined' } },
      },
    );
    expect(podSecurityViolations('baseline', wild)).toEqual([
      'host namespaces (hostNetwork=true)',
      'hostPath volumes (volume "disk")',
      'privileged (container "web" must not set securityContext.privileged=true)',
      'non-default capabilities (container "web" must not include "SYS_ADMIN" in securityContext.capabilities.add)',
      'hostPort (container "web" uses hostPort 80)',
      'forbidden sysctls (kernel.msgmax)',
      'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ]);
  });

  it('asks for four promises of a restricted pod, and no root', () => {
    expect(podSecurityViolations('restricted', spec())).toEqual([
      'allowPrivilegeEscalation != false (container "web" must set securityContext.allowPrivilegeEscalation=false)',
      'unrestricted capabilities (container "web" must set securityContext.capabilities.drop=["ALL"])',
      'runAsNonRoot != true (pod or container "web" must set securityContext.runAsNonRoot=true)',
      'seccompProfile (pod or container "web" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    ]);
    expect(podSecurityViolations('restricted', spec({ securityContext: strict }))).toEqual([]);
    expect(podSecurityViolations('restricted', spec({ securityContext: { ...strict, runAsUser: 0 } }))).toEqual([
      'runAsUser=0 (container "web" must not set runAsUser=0)',
    ]);
  });

  describe('in a cluster', () => {
    let running: RunningSim;
    beforeAll(async () => (running = await RunningSim.start({ startupMs: 5 })));
    afterAll(() => running.stop());

    it('is what the label of a namespace says', async () => {
      const { client } = running;
      const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
      await client.post('/api/v1/namespaces', { metadata: { name: 'strict', labels } });
      const pod = (securityContext: object) => ({ metadata: { name: 'web' }, spec: spec({ securityContext }) });
      const refused = await client.post('/api/v1/namespaces/strict/pods', pod({ ...strict, runAsNonRoot: false }));
      expect([refused.status, refused.body.message]).toEqual([
        403,
        'pods "web" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true (pod or container "web" must set securityContext.runAsNonRoot=true)',
      ]);
      expect((await client.post('/api/v1/namespaces/strict/pods', pod(strict))).status).toBe(201);
    });
  });
});
