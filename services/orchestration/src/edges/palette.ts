import type { JsonSchema } from '@souk/platform';
import { type NodeCategory, type Preset, presets } from '@souk/topology';
import { nodeSchemaOf } from './node-schema';

/** One kind of node that an editor offers. */
interface PaletteCategory {
  readonly category: NodeCategory;
  readonly title: string;
  readonly description: string;
  /** JSON Schema of such a node's settings. */
  readonly schema: JsonSchema;
}

/** What an editor needs to offer nodes: the categories, the presets, and how the settings of each look. */
export function palette(): { readonly categories: readonly PaletteCategory[]; readonly presets: readonly Preset[] } {
  return {
    categories: [
      {
        category: 'custom',
        title: 'Own process',
        description: "The provider's own container image.",
        schema: nodeSchemaOf('custom'),
      },
      {
        category: 'cloud',
        title: 'Cloud service',
        description: 'One managed resource of a cloud provider for each instance.',
        schema: nodeSchemaOf('cloud'),
      },
      {
        category: 'third-party',
        title: 'Middleware',
        description: 'Unmodified open-source middleware from the catalogue.',
        schema: nodeSchemaOf('third-party'),
      },
      {
        category: 'init',
        title: 'Initialisation',
        description: 'Runs once in the whole life of an instance, restart and upgrade included.',
        schema: nodeSchemaOf('init'),
      },
    ],
    presets,
  };
}
