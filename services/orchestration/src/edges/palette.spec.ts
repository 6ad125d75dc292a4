import { Ajv } from 'ajv';
import { palette } from './palette';

const validators = new Map(
  palette().categories.map(({ category, schema }) => [category, new Ajv({ strict: false }).compile(schema)]),
);
const takes = (category: 'custom' | 'third-party' | 'init', settings: object) =>
  validators.get(category)!({ serviceName: 'a', category, ...settings });

describe('Palette', () => {
  it('has a schema for every category', () => {
    expect(palette().categories.map(({ category }) => category)).toEqual(['custom', 'third-party', 'init']);
  });

  it('wants of a custom node its image, and no preset', () => {
    const ports = [{ internal: 8080, external: 80, protocol: 'TCP' }];
    expect(takes('custom', { image: 'web:1', ports, env: { A: 'b' }, position: { x: 1.5, y: 0 } })).toBe(true);
    expect(takes('custom', {})).toBe(false);
    expect(takes('custom', { image: 'web:1', preset: 'mysql' })).toBe(false);
    expect(takes('custom', { image: 'web:1', env: { A: 1 } })).toBe(false);
    expect(takes('custom', { image: 'web:1', ports: [{ ...ports[0], hostPort: 80 }] })).toBe(false);
  });

  it('wants of a third-party node one of the presets', () => {
    expect(takes('third-party', { preset: 'redis' })).toBe(true);
    expect(takes('third-party', { preset: 'oracle' })).toBe(false);
  });

  it('wants of an init node nothing that goes on after it', () => {
    expect(takes('init', { image: 'job:1', args: ['migrate'] })).toBe(true);
    expect(takes('init', { image: 'job:1', ports: [] })).toBe(false);
  });
});
