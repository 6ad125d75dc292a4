import type { Topology } from '@souk/topology';
import { configurationOf, shop, tomcat, toRender } from '../../../test/sample';
import { renderInstance } from '../../domain/render/render-instance';
import { StorageWithoutNas } from '../../domain/render/storage';
import { Drawing } from './drawing';

const configuration = configurationOf(shop);
const bound = (version: number) => toRender(shop, { configuration, cloudBindings: new Map([['rds', version]]) });

describe('A drawing', () => {
  it('is what is rendered at once', async () => {
    expect(await new Drawing().of(toRender(shop))).toEqual(renderInstance(toRender(shop)));
  });

  it('is made anew only where something that it follows from has changed', async () => {
    const drawing = new Drawing();
    const first = await drawing.of(bound(0));
    expect(await drawing.of(bound(0))).toBe(first);
    const second = await drawing.of(bound(1));
    expect(second).not.toBe(first);
    const another = { ...bound(1), configuration: configurationOf(shop) };
    expect(await drawing.of(another)).not.toBe(second);
  });

  it('of many nodes lets others do something meanwhile', async () => {
    const nodes = Array.from({ length: 1_000 }, (_, i) => ({ ...tomcat, serviceName: `node${i}`, env: {} }));
    const topology: Topology = { ...shop, nodes, arrows: [] };
    let turns = 0;
    let next = setImmediate(function count() {
      turns++;
      next = setImmediate(count);
    });
    await new Drawing().of(toRender(topology));
    clearImmediate(next);
    expect(turns).toBeGreaterThan(3);
  });

  it('fails where there is none', async () => {
    const nodes = [{ ...tomcat, env: {}, storage: [{ identifier: 'a', containerPath: '/a' }] }];
    await expect(new Drawing().of(toRender({ ...shop, nodes, arrows: [] }, { cluster: {} }))).rejects.toThrow(StorageWithoutNas);
  });
});
