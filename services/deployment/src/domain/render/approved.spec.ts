import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENFORCE, podSecurityViolations, type PodSpec } from '@souk/cluster-sim';
import { manifestProblems } from '@souk/kubernetes/testing';
import { emptyTopology, type Topology } from '@souk/topology';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { CANARY, generatedTopology } from '../../../test/generated-topologies';
import { renderedCases } from '../../../test/rendered-cases';
import { shop, toRender } from '../../../test/sample';
import { keyOf } from '../cluster-object';
import { type InstanceToRender, type RenderedInstance, renderInstance } from './render-instance';
import type { RenderedObject } from './rendered';

const cases: Record<string, InstanceToRender> = {
  shop: toRender(shop),
  ...Object.fromEntries(Object.entries(renderedCases).map(([name, { topology, more }]) => [name, toRender(topology, more)])),
};

/** What the applications of `examples/` become, for who reads them. */
const examplesFolder = join(__dirname, '../../../../../examples');
const examples = readdirSync(examplesFolder).filter((name) => existsSync(join(examplesFolder, name, 'topology.json')));
for (const name of examples) {
  const topology = JSON.parse(readFileSync(join(examplesFolder, name, 'topology.json'), 'utf8')) as Topology;
  cases[name] = toRender({ ...emptyTopology, ...topology }, { name, parameters: {} });
}

const fileOf = (name: string): string =>
  examples.includes(name) ? join(examplesFolder, name, 'rendered.yaml') : join(__dirname, `../../../test/rendered/${name}.yaml`);

/** The same for every instance: to be read in `shop.yaml`, and where strangers share the cluster in `shared-cluster.yaml`. */
const everywhere = new Set(['NetworkPolicy/souk-isolation', 'ServiceAccount/souk-workload', 'Secret/souk-identity']);

const objectsOf = ({ surroundings, quota, nodes }: RenderedInstance) => [
  ...surroundings,
  quota.settled,
  ...nodes.flatMap((node) => node.objects),
];

const yaml = (value: unknown) => stringify(value, { aliasDuplicateObjects: false, singleQuote: true });

const document = ({ object, sealed }: RenderedObject) => yaml(sealed ? { ...object, sealed } : object);

function approvedText(name: string): string {
  const instance = renderInstance(cases[name]!);
  const shown = objectsOf(instance).filter(
    ({ object }) => name === 'shop' || name === 'shared-cluster' || !everywhere.has(`${object.kind}/${object.metadata.name}`),
  );
  const deviations = stringify({ deviations: instance.deviations }, { lineWidth: 0, singleQuote: true })
    .trimEnd()
    .split('\n')
    .map((line) => `# ${line}\n`);
  return deviations.join('') + shown.map(document).join('---\n');
}

describe('What is rendered', () => {
  it.each(Object.keys(cases))('for "%s" is what was approved (SOUK_APPROVE=1 approves it anew)', (name) => {
    const file = fileOf(name);
    const text = approvedText(name);
    if (process.env['SOUK_APPROVE']) writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, 'utf8'));
  });

  it.each(Object.keys(cases))('for "%s" fits the schema of Kubernetes', (name) => {
    const problems = objectsOf(renderInstance(cases[name]!)).flatMap(({ object }) => manifestProblems(object));
    expect(problems).toEqual([]);
  });

  it('is told of what does not fit', () => {
    const { object } = renderInstance(cases['shop']!).nodes[0]!.objects.at(-1)!;
    const wrong = { ...object, spec: { ...(object['spec'] as object), replica: 1 } };
    expect(manifestProblems(wrong)).toEqual(['Deployment.spec.replica: there is no such field']);
  });
});

describe('What is rendered for any topology', () => {
  const inputOf = (topology: Topology): InstanceToRender =>
    toRender(topology, {
      cluster: { nas: { storageClass: 'nas' }, loadBalancer: 'metallb' },
      parameters: { licence: CANARY, title: 'shop' },
    });
  const forAny = (law: (topology: Topology) => void) => fc.assert(fc.property(generatedTopology, law), { numRuns: 25 });
  const hashesOf = (instance: RenderedInstance) => new Map(instance.nodes.map(({ name, specHash }) => [name, specHash]));
  const podOf = ({ object }: RenderedObject) => (object['spec'] as { template?: { spec: PodSpec } } | undefined)?.template?.spec;

  it('fits the schema of Kubernetes, and names each object once', () => {
    forAny((topology) => {
      const objects = objectsOf(renderInstance(inputOf(topology)));
      expect(objects.flatMap(({ object }) => manifestProblems(object))).toEqual([]);
      expect(new Set(objects.map(({ object }) => keyOf(object))).size).toBe(objects.length);
    });
  });

  it('is the same for the same, whatever its order', () => {
    forAny((topology) => {
      const turned = { ...topology, nodes: topology.nodes.toReversed(), arrows: topology.arrows.toReversed() };
      expect(renderInstance(inputOf(turned))).toEqual(renderInstance(inputOf(topology)));
    });
  });

  it('has another hash in the one node that is another', () => {
    forAny((topology) => {
      const [first, ...others] = topology.nodes;
      const before = hashesOf(renderInstance(inputOf(topology)));
      const changed = { ...topology, nodes: [{ ...first!, args: ['--other'] }, ...others] };
      const after = hashesOf(renderInstance(inputOf(changed)));
      expect([...after].filter(([name, hash]) => before.get(name) !== hash).map(([name]) => name)).toEqual([first!.serviceName]);
    });
  });

  it('holds no value of a secret', () => {
    forAny((topology) => expect(JSON.stringify(renderInstance(inputOf(topology)))).not.toContain(CANARY));
  });

  it('runs at the level of pod security that its namespace enforces, and at no stricter one', () => {
    const stricter: Readonly<Record<string, string>> = { privileged: 'baseline', baseline: 'restricted' };
    forAny((topology) => {
      const instance = renderInstance(inputOf(topology));
      const level = instance.surroundings[0]!.object.metadata.labels![ENFORCE]!;
      const violations = (at: string) =>
        objectsOf(instance)
          .flatMap((object) => podOf(object) ?? [])
          .flatMap((pod) => podSecurityViolations(at, pod));
      expect(violations(level)).toEqual([]);
      if (stricter[level]) expect(violations(stricter[level])).not.toEqual([]);
      expect(instance.deviations.length > 0).toBe(level !== 'restricted');
    });
  });
});
