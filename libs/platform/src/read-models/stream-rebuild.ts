import type { MessageEvent } from '@nestjs/common';
import { comparePositions, type Position } from '@souk/event-sourcing';
import type { Rebuild, RebuildProgress, RebuildStatus } from '@souk/read-store';
import { Observable } from 'rxjs';
import { HEARTBEAT } from '../stream-events';
import { rebuildView } from './read-model.view';

/** Milliseconds between two looks at a rebuild. */
const LOOK_EVERY = 200;

const types: Record<RebuildStatus, string> = {
  folding: 'RebuildProgressed',
  comparing: 'RebuildProgressed',
  switched: 'RebuildSwitched',
  failed: 'RebuildFailed',
  cancelled: 'RebuildCancelled',
};

/**
 * The progress of a rebuild as server-sent events, until it is over; how it ended is told last. The id of each is the position that the
 * rebuild has come to; what lies at or before `after` is not told again.
 */
export function streamRebuild(rebuild: Rebuild, after: Position | undefined): Observable<MessageEvent> {
  return new Observable((subscriber) => {
    let told = after;
    let status: RebuildStatus = 'folding';
    const tell = (progress: RebuildProgress): void => {
      const { position } = progress;
      told = position ?? told;
      status = progress.status;
      subscriber.next({ id: told ?? '', type: types[status], data: rebuildView(progress) });
    };
    const look = (): void => {
      const { progress } = rebuild;
      const isFurther = progress.position !== undefined && (!told || comparePositions(progress.position, told) > 0);
      if (rebuild.isRunning && (isFurther || progress.status !== status)) tell(progress);
    };
    const looking = setInterval(look, LOOK_EVERY);
    const heartbeat = setInterval(() => {
      subscriber.next({ id: told ?? '', type: 'heartbeat', data: {} });
    }, HEARTBEAT);
    look();
    void rebuild.finished.then((progress) => {
      tell(progress);
      subscriber.complete();
    });
    return () => {
      clearInterval(looking);
      clearInterval(heartbeat);
    };
  });
}
