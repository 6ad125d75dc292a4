import { escapeTemplate } from '@souk/topology';
import { reservedCharacters } from './read-yaml';

/** What a text leaves open: a variable that has no value here, or a reference that was put in. */
export type Slot = { readonly variable: string; readonly required: boolean } | { readonly reference: string };

const slotPattern = /\uE000(\d+)\uE001/;

/** Keeps places in texts open until it is known what they hold. A text with slots is a text as any other to whoever takes it apart. */
export class Slots {
  private readonly slots: Slot[] = [];

  /** The mark to put into a text. */
  open(slot: Slot): string {
    return `\uE000${this.slots.push(slot) - 1}\uE001`;
  }

  /** The only thing that a text consists of, if that is a slot. */
  only(text: string): Slot | undefined {
    const match = slotPattern.exec(text);
    return match?.[0] === text ? this.slots[Number(match[1])] : undefined;
  }

  has(text: string): boolean {
    return reservedCharacters.test(text);
  }

  /** The template of a text: text escaped, slots as `referenceOf` writes them. */
  fill(text: string, referenceOf: (slot: Slot) => string): string {
    return text
      .split(new RegExp(slotPattern, 'g'))
      .map((piece, index) => (index % 2 === 0 ? escapeTemplate(piece) : referenceOf(this.slots[Number(piece)]!)))
      .join('');
  }
}
