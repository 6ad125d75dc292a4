import { shop } from '../../../test/sample';
import type { HostCapacity } from '../clusters/capacity';
import { resourceReport } from './resource-report';

const host = (name: string, cpu: number, gibi: number): HostCapacity => ({
  name,
  platform: 'linux/amd64',
  schedulable: true,
  allocatable: { cpu, memory: gibi * 1024 ** 3 },
  requested: { cpu: 0, memory: 0 },
});

describe('The resource report', () => {
  it('says what every node takes, in which order, and where it would go', () => {
    const report = resourceReport(shop, [host('edge-1', 400, 2), host('edge-2', 1000, 2)], []);
    expect(report).toMatchObject({
      fits: true,
      problems: [],
      waves: [['mysql'], ['schema'], ['tomcat']],
      totals: { requests: { cpu: '550m', memory: '896Mi' }, limits: { cpu: '2500m', memory: '2560Mi' } },
      hosts: [{ name: 'edge-1', free: { cpu: '400m', memory: '2Gi' } }, { name: 'edge-2' }],
    });
    expect(report.nodes.map(({ serviceName, placement }) => [serviceName, placement])).toEqual([
      ['mysql', ['edge-1']],
      ['schema', ['edge-1']],
      ['tomcat', ['edge-2', 'edge-2']],
    ]);
  });

  it('names the nodes that have no place', () => {
    const report = resourceReport(shop, [host('edge-1', 4000, 0.4)], []);
    expect(report.fits).toBe(false);
    expect(report.problems).toEqual([
      {
        code: 'does-not-fit',
        pointer: '',
        message: 'node "mysql": it has no place: it asks for 512Mi memory and the most that is free is 409.6Mi on host "edge-1"',
      },
    ]);
  });
});
