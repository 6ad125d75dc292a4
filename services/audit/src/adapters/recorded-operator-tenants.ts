import { Injectable } from '@nestjs/common';
import { type Collection, ReadStore } from '@souk/read-store';
import { historyCollection } from '../application/history-collection';
import { OperatorTenants } from '../application/operator-tenants.port';
import type { HistoryEntry } from '../domain/history-entry';

/** An account runs the platform when one of its users was registered as an operator: that is in the history itself. */
@Injectable()
export class RecordedOperatorTenants extends OperatorTenants {
  private readonly entries: Collection<HistoryEntry>;
  private readonly known = new Set<string>();

  constructor(reads: ReadStore) {
    super();
    this.entries = reads.open<HistoryEntry>(historyCollection);
  }

  override async has(tenant: string): Promise<boolean> {
    if (this.known.has(tenant)) return true;
    let cursor: string | undefined;
    do {
      const page = await this.entries.query({
        index: 'byType',
        where: { type: 'UserRegistered' },
        filter: ({ tenants, data }) => tenants.includes(tenant) && (data as { role?: unknown }).role === 'operator',
        limit: 1,
        ...(cursor !== undefined && { cursor }),
      });
      if (page.items.length > 0) this.known.add(tenant);
      cursor = page.next;
    } while (cursor !== undefined && !this.known.has(tenant));
    return this.known.has(tenant);
  }
}
