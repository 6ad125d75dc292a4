import { Injectable } from '@nestjs/common';
import { NotFound, RawEventStore } from '@souk/platform';
import { type Collection, type Page, type Query, ReadStore } from '@souk/read-store';
import type { HistoryEntry } from '../domain/history-entry';
import { sightOf, type Viewer } from '../domain/visibility';
import { historyCollection } from './history-collection';
import { HistoryIndexer } from './history-indexer';

/** What is asked for. All that is given must hold. */
export interface HistoryCriteria {
  readonly about?: string;
  readonly type?: string;
  readonly category?: string;
  /** Recorded times, ISO 8601 in UTC with milliseconds; `from` inclusive, `to` exclusive. */
  readonly from?: string;
  readonly to?: string;
}

export interface Paging {
  readonly order?: 'ascending' | 'descending';
  readonly limit?: number;
  readonly cursor?: string;
}

export interface Causes {
  readonly event: HistoryEntry;
  /** The cause, the cause of the cause, and so on. */
  readonly causes: readonly HistoryEntry[];
  /** The request from outside that all of them followed from. */
  readonly root: { readonly requestId: string; readonly correlationId: string };
}

/** Milliseconds that an answer waits for the newest events to be indexed. */
const PATIENCE = 5_000;
/** Longest chain of causes; longer ones end there. */
const LONGEST_CHAIN = 500;
const EXPORT_PAGE = 500;

/** Streams of the machinery, listed only for those who ask for them by category. */
const infrastructure = new Set(['name', 'lease', 'deadline']);

/** Answers from the history, complete up to the moment of the question. What the viewer may not see is as if it were not there. */
@Injectable()
export class History {
  private readonly entries: Collection<HistoryEntry>;

  constructor(
    private readonly store: RawEventStore,
    private readonly indexer: HistoryIndexer,
    reads: ReadStore,
  ) {
    this.entries = reads.open<HistoryEntry>(historyCollection);
  }

  async page(criteria: HistoryCriteria, paging: Paging, viewer: Viewer): Promise<Page<HistoryEntry>> {
    await this.catchUp();
    return this.entries.query(queryOf(criteria, paging, viewer));
  }

  /** @throws NotFound */
  async causes(eventId: string, viewer: Viewer): Promise<Causes> {
    await this.catchUp();
    const event = await this.visible(eventId, viewer);
    const causes: HistoryEntry[] = [];
    let last = event;
    while (causes.length < LONGEST_CHAIN) {
      const cause = await this.entries.get(last.causationId);
      if (!cause || sightOf(viewer, cause) === 'nothing') break;
      causes.push(cause);
      last = cause;
    }
    return { event, causes, root: { requestId: last.causationId, correlationId: last.correlationId } };
  }

  /** What followed directly. @throws NotFound */
  async effects(eventId: string, paging: Paging, viewer: Viewer): Promise<Page<HistoryEntry>> {
    await this.catchUp();
    await this.visible(eventId, viewer);
    return this.entries.query({
      index: 'byCause',
      where: { causationId: eventId },
      filter: (entry) => sightOf(viewer, entry) !== 'nothing',
      audience: viewer.tenant,
      ...paging,
    });
  }

  /** Everything, in order, as fast as it is taken. */
  async all(criteria: HistoryCriteria, { order }: Pick<Paging, 'order'>, viewer: Viewer): Promise<AsyncIterable<HistoryEntry>> {
    await this.catchUp();
    return this.pages(criteria, { limit: EXPORT_PAGE, ...(order && { order }) }, viewer);
  }

  /** One page after the other, so that memory stays small. */
  private async *pages(criteria: HistoryCriteria, paging: Paging, viewer: Viewer): AsyncIterable<HistoryEntry> {
    let cursor: string | undefined;
    do {
      const page = await this.entries.query(queryOf(criteria, { ...paging, ...(cursor && { cursor }) }, viewer));
      yield* page.items;
      cursor = page.next;
    } while (cursor !== undefined);
  }

  private async catchUp(): Promise<void> {
    await this.indexer.waitFor(await this.store.head(), PATIENCE);
  }

  private async visible(eventId: string, viewer: Viewer): Promise<HistoryEntry> {
    const entry = await this.entries.get(eventId);
    if (!entry || sightOf(viewer, entry) === 'nothing') throw new NotFound('event', eventId);
    return entry;
  }
}

/** The narrowest index that fits; the rest is looked at event by event. */
function queryOf(criteria: HistoryCriteria, paging: Paging, viewer: Viewer): Query<HistoryEntry> {
  return {
    ...indexOf(criteria, viewer),
    ...paging,
    audience: viewer.tenant,
    filter: (entry) => sightOf(viewer, entry) !== 'nothing' && matches(criteria, entry),
  };
}

function indexOf({ about, type, category }: HistoryCriteria, viewer: Viewer): Pick<Query<HistoryEntry>, 'index' | 'where'> {
  if (about !== undefined) return { index: 'byAbout', where: { about } };
  if (viewer.role !== 'operator' && !viewer.platformWide) return { index: 'byTenant', where: { tenants: viewer.tenant } };
  if (type !== undefined) return { index: 'byType', where: { type } };
  if (category !== undefined) return { index: 'byCategory', where: { category } };
  return { index: 'all' };
}

function matches({ type, category, from, to }: HistoryCriteria, entry: HistoryEntry): boolean {
  if (type !== undefined && entry.type !== type) return false;
  if (category === undefined ? infrastructure.has(entry.category) : entry.category !== category) return false;
  if (from !== undefined && entry.recordedAt < from) return false;
  return to === undefined || entry.recordedAt < to;
}
