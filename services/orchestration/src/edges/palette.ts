import { type JsonSchema, schemaOf } from '@souk/platform';
import { type NodeCategory, type Preset, presets, type TopologyNode } from '@souk/topology';
import { NodeDto } from './topology.dto';

/** One kind of node that an editor offers. */
interface PaletteCategory {
  readonly category: NodeCategory;
  readonly title: string;
  readonly description: string;
  /** JSON Schema of such a node's settings. */
  readonly schema: JsonSchema;
}

type Field = keyof TopologyNode;

/** What an editor needs to offer nodes: the categories, the presets, and how the settings of each look. */
export function palette(): { readonly categories: readonly PaletteCategory[]; readonly presets: readonly Preset[] } {
  return {
    categories: [
      {
        category: 'custom',
        title: 'Own process',
        description: "The provider's own container image.",
        schema: schemaFor('custom', { required: ['image'], without: ['preset'] }),
      },
      {
        category: 'third-party',
        title: 'Middleware',
        description: 'Unmodified open-source middleware from the catalogue.',
        schema: schemaFor('third-party', { required: ['preset'], without: [] }),
      },
      {
        category: 'init',
        title: 'Initialisation',
        description: 'Runs once in the whole life of an instance, restart and upgrade included.',
        schema: schemaFor('init', {
          required: ['image'],
          without: ['preset', 'replicas', 'ports', 'serviceType', 'healthCheck'],
        }),
      },
    ],
    presets,
  };
}

function schemaFor(
  category: NodeCategory,
  { required, without }: { readonly required: readonly Field[]; readonly without: readonly Field[] },
): JsonSchema {
  const schema = schemaOf(NodeDto);
  const fields = Object.entries(schema.properties ?? {}).filter(([field]) => !without.includes(field as Field));
  return {
    ...schema,
    properties: {
      ...Object.fromEntries(fields),
      category: { const: category },
      ...(category === 'third-party' && { preset: { type: 'string', enum: presets.map(({ name }) => name) } }),
    },
    required: [...(schema.required ?? []), ...required],
  };
}
