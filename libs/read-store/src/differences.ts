import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Document, Position } from '@souk/event-sourcing';
import type { GenerationWriter, PositionedDocument } from './read-store.port';

export interface Difference {
  readonly id: string;
  /** Both stand at the same event, and are not the same. Else, one of them may just have been further than the other. */
  readonly certain: boolean;
}

/** Documents that are read between two turns of the event loop. */
const AT_ONCE = 200;

/**
 * Documents that are not the same on both sides: other bytes, or on one side only. Both come by the bytes of their ids, and may be written
 * to meanwhile: those that are the same at the same position are so for good, since what follows is folded the same way.
 *     a b c   b c' d    gives   a c d
 */
export async function differences(
  some: AsyncIterable<PositionedDocument<Document>>,
  others: AsyncIterable<PositionedDocument<Document>>,
  signal?: AbortSignal,
): Promise<Difference[]> {
  const found: Difference[] = [];
  const [left, right] = [some[Symbol.asyncIterator](), others[Symbol.asyncIterator]()];
  let a = await next(left);
  let b = await next(right);
  while ((a ?? b) && !signal?.aborted) {
    const order = byId(a, b);
    if (order !== 0 || !isSame(a, b))
      found.push({ id: (order <= 0 ? a : b)!.id, certain: order === 0 && a?.position === b?.position });
    if (order <= 0) a = await next(left);
    if (order >= 0) b = await next(right);
  }
  await Promise.all([left.return?.(), right.return?.()]);
  return found;
}

/** Those that are still different, now that nothing is written on either side. */
export async function confirmed(
  found: readonly Difference[],
  some: GenerationWriter<Document>,
  others: GenerationWriter<Document>,
): Promise<string[]> {
  const ids: string[] = [];
  for (const [n, { id, certain }] of found.entries()) {
    if (certain || !isSame(await some.getForUpdate(id), await others.getForUpdate(id))) ids.push(id);
    if (n % AT_ONCE === AT_ONCE - 1) await nextTurn();
  }
  return ids;
}

type Documents = AsyncIterator<PositionedDocument<Document>>;

async function next(documents: Documents): Promise<PositionedDocument<Document> | undefined> {
  const result = await documents.next();
  return result.done ? undefined : result.value;
}

/** What is not there comes last. */
function byId(a: { readonly id: string } | undefined, b: { readonly id: string } | undefined): number {
  if (!a) return b ? 1 : 0;
  if (!b) return -1;
  return a.id === b.id ? 0 : Buffer.compare(Buffer.from(a.id), Buffer.from(b.id));
}

interface Positioned {
  readonly doc: Document | undefined;
  readonly position: Position;
}

/** A tombstone is like nothing at all. */
function isSame(a: Positioned | undefined, b: Positioned | undefined): boolean {
  if (!a?.doc || !b?.doc) return !a?.doc && !b?.doc;
  return a.position === b.position && JSON.stringify(a.doc) === JSON.stringify(b.doc);
}
