import { withoutSimulatedDigests } from './image-digests';

const topology = { nodes: [], arrows: [], parameters: {}, secrets: {} };
const digest = `sha256:${'a'.repeat(64)}`;

describe('Digests of a simulated registry', () => {
  it('are left out where no cluster could fetch them, and only they', () => {
    const real = { image: 'web:1', digest, unpinned: false };
    const images = [real, { image: 'db:1', digest, unpinned: false, simulated: true }];
    const configuration = { name: 'standard', hosting: 'edge', topology, images } as const;
    expect(withoutSimulatedDigests(configuration).images).toEqual([real, { image: 'db:1', unpinned: true }]);
  });

  it('change nothing where there are none', () => {
    const configuration = { name: 'standard', hosting: 'edge', topology, images: [] } as const;
    expect(withoutSimulatedDigests(configuration)).toBe(configuration);
  });
});
