import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Drawing } from './drawing';

/** Drawings that are kept, and the nodes that one of them may have, so that all of them take a few tens of megabytes at most. */
const MOST = 300;
const MOST_NODES = 20;
/** What an operation that takes its time has left is made again. It holds the parameters of its instance, which may be personal: milliseconds. */
const KEPT_MS = 60_000;

/**
 * Drawings of instances that are worked on, from one turn to the next, and to the inspection that follows the last one. It costs nothing but
 * time where one is not there.
 */
@Injectable()
export class Drawings {
  private readonly kept = new LRUCache<string, Drawing>({ max: MOST, ttl: KEPT_MS, ttlAutopurge: true });

  /** For one at a time: whoever has taken it keeps it again, where there is more to do. */
  take(instanceId: string): Drawing {
    const drawing = this.kept.get(instanceId) ?? new Drawing();
    this.kept.delete(instanceId);
    return drawing;
  }

  keep(instanceId: string, drawing: Drawing): void {
    if (drawing.size > 0 && drawing.size <= MOST_NODES) this.kept.set(instanceId, drawing);
  }
}
