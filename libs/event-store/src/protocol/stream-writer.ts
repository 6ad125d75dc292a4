import { type AppendResult, type ExpectedRevision, WrongExpectedRevision } from '@souk/event-sourcing';
import { randomUUID } from 'node:crypto';
import type { ByteStore } from '../byte-store';
import { encodeBytes, type EncodedEvent } from '../record';
import { StreamDeleted } from './protocol-errors';
import { StreamGate } from './stream-gate';
import { isMetastream, METADATA, metastreamOf, type RulesReader, STREAM_DELETED } from './stream-rules';

/** What EventStoreDB calls deleted: `$tb` of a stream none of whose events can be read. */
const DELETED_JSON = '"$tb":9223372036854775807';

/**
 * Writes as EventStoreDB does, where it knows more than the embedded store: streams that were deleted can be written anew and go on
 * counting, tombstones can't; a stream that has nothing but metadata counts as one that exists.
 */
export class StreamWriter {
  private readonly gate = new StreamGate();

  constructor(
    private readonly store: ByteStore,
    private readonly rules: RulesReader,
  ) {}

  /** @throws StreamDeleted, WrongExpectedRevision, StoreFull */
  async append(stream: string, expected: ExpectedRevision, events: readonly EncodedEvent[]): Promise<AppendResult> {
    try {
      if (this.rules.of(stream).deleted !== 'soft') {
        const result = await this.gate.shared(stream, () => this.appendUnlessDeleted(stream, expected, events));
        if (result) return result;
      }
      return await this.gate.exclusive(stream, () => this.appendAnew(stream, expected, events));
    } catch (error) {
      // In the words of the client, where another expectation was checked for it.
      throw error instanceof WrongExpectedRevision ? new WrongExpectedRevision(stream, expected, error.actual) : error;
    }
  }

  /** Hides all events; the next append makes the stream anew. @throws StreamDeleted, WrongExpectedRevision */
  delete(stream: string, expected: ExpectedRevision): Promise<AppendResult> {
    return this.gate.exclusive(stream, async () => {
      this.exactly(stream, expected);
      return this.writeMetadata(stream, DELETED_JSON);
    });
  }

  /** Deletes for ever. @throws StreamDeleted, WrongExpectedRevision */
  tombstone(stream: string, expected: ExpectedRevision): Promise<AppendResult> {
    return this.gate.exclusive(stream, async () => {
      const at = this.exactly(stream, expected);
      return this.store.append(stream, at, [encodeBytes(stream, systemEvent(STREAM_DELETED, ''))]);
    });
  }

  /** `undefined` where the stream was deleted while this waited. */
  private async appendUnlessDeleted(
    stream: string,
    expected: ExpectedRevision,
    events: readonly EncodedEvent[],
  ): Promise<AppendResult | undefined> {
    const { deleted } = this.rules.of(stream);
    if (deleted === 'hard') throw new StreamDeleted(stream);
    if (deleted === 'soft') return undefined;
    const metadataAlone = expected === 'stream-exists' && this.store.head(stream) < 0 && this.hasMetadata(stream);
    return this.store.append(stream, metadataAlone ? 'no-stream' : expected, events);
  }

  private async appendAnew(stream: string, expected: ExpectedRevision, events: readonly EncodedEvent[]): Promise<AppendResult> {
    const result = await this.appendUnlessDeleted(stream, expected, events);
    if (result) return result;
    const at = this.exactly(stream, expected);
    if (events.length === 0) return this.store.append(stream, at, events);
    // Both in one flush: the stream is never seen again without its new events.
    const [, appended] = await Promise.all([
      this.writeMetadata(stream, `"$tb":${this.store.head(stream) + 1}`),
      this.store.append(stream, at, events),
    ]);
    return appended;
  }

  /** The expectation as one that the embedded store checks to the letter. */
  private exactly(stream: string, expected: ExpectedRevision): 'no-stream' | number {
    const { deleted } = this.rules.of(stream);
    const head = this.store.head(stream);
    if (deleted === 'hard' || (deleted === 'soft' && expected === 'stream-exists')) throw new StreamDeleted(stream);
    const holds =
      expected === 'any' ||
      (expected === 'no-stream' && (head < 0 || deleted === 'soft')) ||
      (expected === 'stream-exists' && (head >= 0 || this.hasMetadata(stream))) ||
      expected === head;
    if (!holds) throw new WrongExpectedRevision(stream, expected, head);
    return head < 0 ? 'no-stream' : head;
  }

  private hasMetadata(stream: string): boolean {
    return !isMetastream(stream) && this.store.head(metastreamOf(stream)) >= 0;
  }

  /** Keeps whatever else the metadata says. */
  private writeMetadata(stream: string, truncation: string): Promise<AppendResult> {
    const { $tb: _truncatedBefore, ...others } = this.rules.metadata(stream);
    const rest = JSON.stringify(others).slice(1, -1);
    const json = `{${truncation}${rest === '' ? '' : `,${rest}`}}`;
    const metastream = metastreamOf(stream);
    return this.store.append(metastream, 'any', [encodeBytes(metastream, systemEvent(METADATA, json))]);
  }
}

function systemEvent(type: string, json: string) {
  return { id: randomUUID(), type, json: json !== '', data: Buffer.from(json), metadata: Buffer.alloc(0) };
}
