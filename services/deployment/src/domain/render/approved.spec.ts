import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { manifestProblems } from '@souk/kubernetes/testing';
import { stringify } from 'yaml';
import { renderedCases } from '../../../test/rendered-cases';
import { shop, toRender } from '../../../test/sample';
import { type InstanceToRender, type RenderedInstance, renderInstance } from './render-instance';
import type { RenderedObject } from './rendered';

const cases: Readonly<Record<string, InstanceToRender>> = {
  shop: toRender(shop),
  ...Object.fromEntries(Object.entries(renderedCases).map(([name, { topology, more }]) => [name, toRender(topology, more)])),
};

/** The same for every instance: to be read in `shop.yaml`. */
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
    ({ object }) => name === 'shop' || !everywhere.has(`${object.kind}/${object.metadata.name}`),
  );
  const deviations = stringify({ deviations: instance.deviations }, { lineWidth: 0, singleQuote: true })
    .trimEnd()
    .split('\n')
    .map((line) => `# ${line}\n`);
  return deviations.join('') + shown.map(document).join('---\n');
}

describe('What is rendered', () => {
  it.each(Object.keys(cases))('for "%s" is what was approved (SOUK_APPROVE=1 approves it anew)', (name) => {
    const file = join(__dirname, `../../../test/rendered/${name}.yaml`);
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
