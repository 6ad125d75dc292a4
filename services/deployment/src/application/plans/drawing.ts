import { inSlices } from '@souk/event-sourcing';
import { type InstanceToRender, type RenderedInstance, renderingSteps } from '../../domain/render/render-instance';

/** What is wanted of one instance, rendered anew only where something that it follows from has changed. */
export class Drawing {
  private last: { readonly input: InstanceToRender; readonly key: string; readonly rendered: RenderedInstance } | undefined;

  /** How many nodes it holds. */
  get size(): number {
    return this.last?.rendered.nodes.length ?? 0;
  }

  /** @throws UnresolvedReference, StorageWithoutNas */
  async of(input: InstanceToRender): Promise<RenderedInstance> {
    const key = keyOf(input);
    if (this.last?.key !== key || !isOfSameVersions(this.last.input, input))
      this.last = { input, key, rendered: await inSlices(renderingSteps(input)) };
    return this.last.rendered;
  }
}

/** A version never changes, and may be large: it is the same where it is the same object. */
function isOfSameVersions(one: InstanceToRender, other: InstanceToRender): boolean {
  return one.configuration === other.configuration && one.before === other.before && one.provisions === other.provisions;
}

function keyOf({ configuration: _, before: __, provisions: ___, ...rest }: InstanceToRender): string {
  return JSON.stringify(rest, (_key, value: unknown) => (value instanceof Map ? [...value] : value));
}
