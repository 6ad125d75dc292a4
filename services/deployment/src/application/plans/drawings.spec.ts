import type { Topology } from '@souk/topology';
import { configurationOf, ids, shop, tomcat, toRender } from '../../../test/sample';
import { Drawings } from './drawings';

const { instanceId } = ids;

describe('Drawings', () => {
  it('are kept from one turn of an instance to the next', async () => {
    const drawings = new Drawings();
    const input = toRender(shop);
    const drawing = drawings.take(instanceId);
    const rendered = await drawing.of(input);
    drawings.keep(instanceId, drawing);
    expect(await drawings.take(instanceId).of({ ...input })).toBe(rendered);
  });

  it('are with one at a time', async () => {
    const drawings = new Drawings();
    const drawing = drawings.take(instanceId);
    await drawing.of(toRender(shop));
    drawings.keep(instanceId, drawing);
    expect(drawings.take(instanceId)).toBe(drawing);
    expect(drawings.take(instanceId)).not.toBe(drawing);
  });

  it('of large topologies are not kept', async () => {
    const nodes = Array.from({ length: 21 }, (_, i) => ({ ...tomcat, serviceName: `node${i}`, env: {} }));
    const large: Topology = { ...shop, nodes, arrows: [] };
    const drawings = new Drawings();
    const drawing = drawings.take(instanceId);
    await drawing.of(toRender(large, { configuration: configurationOf(large) }));
    drawings.keep(instanceId, drawing);
    expect(drawings.take(instanceId)).not.toBe(drawing);
  });
});
