import type { Topology } from '@souk/topology';
import { shop, tomcat, toRender } from '../../../test/sample';
import { renderInstance } from '../../domain/render/render-instance';
import { StorageWithoutNas } from '../../domain/render/storage';
import { Drawing } from './drawing';

const bound = (version: number) => toRender(shop, { cloudBindings: new Map([['rds', version]]) });

describe('A drawing', () => {
  it('is what is rendered at once', async () => {
    expect(await new Drawing().of(toRender(shop), 'forth')).toEqual(renderInstance(toRender(shop)));
  });

  it('is made anew only where something that it follows from has changed', async () => {
    const drawing = new Drawing();
    const first = await drawing.of(bound(0), 'forth');
    expect(await drawing.of(bound(0), 'forth')).toBe(first);
    const second = await drawing.of(bound(1), 'forth');
    expect(second).not.toBe(first);
    expect(await drawing.of(bound(1), 'back')).not.toBe(second);
  });

  it('of many nodes lets others do something meanwhile', async () => {
    const nodes = Array.from({ length: 1_000 }, (_, i) => ({ ...tomcat, serviceName: `node${i}`, env: {} }));
    const topology: Topology = { ...shop, nodes, arrows: [] };
    let turns = 0;
    let next = setImmediate(function count() {
      turns++;
      next = setImmediate(count);
    });
    await new Drawing().of(toRender(topology), 'forth');
    clearImmediate(next);
    expect(turns).toBeGreaterThan(3);
  });

  it('fails where there is none', async () => {
    const nodes = [{ ...tomcat, env: {}, storage: [{ identifier: 'a', containerPath: '/a' }] }];
    await expect(new Drawing().of(toRender({ ...shop, nodes, arrows: [] }, { cluster: {} }), 'forth')).rejects.toThrow(
      StorageWithoutNas,
    );
  });
});
