import { inSlices } from '@souk/event-sourcing';
import { type InstanceToRender, type RenderedInstance, renderingSteps } from '../../domain/render/render-instance';

/** Renders what one turn wants of an instance, round after round: anew only where something that it follows from has changed. */
export class Drawing {
  private last: { readonly key: string; readonly rendered: RenderedInstance } | undefined;

  /**
   * @param version tells apart the versions that a turn is about: a large topology is not compared
   * @throws UnresolvedReference, StorageWithoutNas
   */
  async of(input: InstanceToRender, version: string): Promise<RenderedInstance> {
    const key = keyOf(input, version);
    if (this.last?.key !== key) this.last = { key, rendered: await inSlices(renderingSteps(input)) };
    return this.last.rendered;
  }
}

function keyOf({ configuration: _, before: __, provisions: ___, ...rest }: InstanceToRender, version: string): string {
  return JSON.stringify([version, rest], (_key, value: unknown) => (value instanceof Map ? [...value] : value));
}
