import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { shop, tomcat, toRender } from '../../../test/sample';
import { renderInstance } from './render-instance';
import type { RenderedObject } from './rendered';

const golden = join(__dirname, '../../../test/rendered/shop.yaml');

const documents = () => {
  const instance = renderInstance(toRender(shop));
  const objects = [...instance.surroundings, instance.quota.settled, ...instance.nodes.flatMap((node) => node.objects)];
  return objects
    .map(({ object, sealed }) =>
      stringify(sealed ? { ...object, sealed } : object, { aliasDuplicateObjects: false, singleQuote: true }),
    )
    .join('---\n');
};

/** Hashes of a node's objects by key. */
const hashesOf = (objects: readonly RenderedObject[]) =>
  Object.fromEntries(objects.map(({ object, hash }) => [`${object.kind}/${object.metadata.name}`, hash]));

const node = (name: string, more: Parameters<typeof toRender>[1] = {}, topology = shop) =>
  renderInstance(toRender(topology, more)).nodes.find((known) => known.name === name)!;

describe('The objects of an instance', () => {
  it('are those that were approved (SOUK_APPROVE=1 approves them anew)', () => {
    if (process.env['SOUK_APPROVE']) writeFileSync(golden, documents());
    expect(documents()).toBe(readFileSync(golden, 'utf8'));
  });

  it('follow from their input alone', () => {
    expect(documents()).toBe(documents());
  });

  it('hold no value of a secret', () => {
    expect(documents()).toContain('template: ${secret.dbPassword}');
    expect(documents()).not.toContain('stringData');
  });

  it('change in the one node that changed', () => {
    const topology = { ...shop, nodes: shop.nodes.map((known) => (known === tomcat ? { ...tomcat, replicas: 3 } : known)) };
    expect(node('mysql', {}, topology).specHash).toBe(node('mysql').specHash);
    expect(node('tomcat', {}, topology).specHash).not.toBe(node('tomcat').specHash);
  });

  it('leave the service alone where only the image is another', () => {
    const topology = {
      ...shop,
      nodes: shop.nodes.map((known) => (known === tomcat ? { ...tomcat, image: 'shop/tomcat:2' } : known)),
    };
    const [before, after] = [hashesOf(node('tomcat').objects), hashesOf(node('tomcat', {}, topology).objects)];
    expect(Object.keys(after).filter((key) => before[key] !== after[key])).toEqual(['Deployment/tomcat']);
  });

  it('change with the version of the AppSecret, in the nodes that read it', () => {
    const rotated = { identity: { appKey: 'AK0001', secretVersion: 2, apiUrl: 'http://souk.example:3000' } };
    expect(node('tomcat', rotated).specHash).not.toBe(node('tomcat').specHash);
    expect(node('mysql', rotated).specHash).toBe(node('mysql').specHash);
  });

  it('take the default of a parameter that was not filled in, and an empty text without one', () => {
    const topology = { ...shop, parameters: { adminEmail: { type: 'string' as const, default: 'root@localhost' } } };
    expect(JSON.stringify(node('tomcat', { parameters: {} }, topology))).toContain('root@localhost');
    expect(JSON.stringify(node('tomcat', { parameters: {} }))).toContain('"name":"ADMIN_EMAIL","value":""');
  });
});
