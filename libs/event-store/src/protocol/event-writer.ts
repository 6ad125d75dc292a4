import type { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import type { ByteStore, PlacedBytes } from '../byte-store';
import type { Answer } from './answer';
import { eventResponse, type IdForm, type ReadAnswer } from './read-response';

/** Type of an event whose data says `revision@stream`: a link to another event. */
const LINK = '$>';

/** Writes what was read to the client, at the client's pace. */
export class EventWriter {
  private readonly ids: IdForm;
  private readonly resolveLinks: boolean;

  constructor(
    private readonly answer: Answer<ReadAnswer>,
    options: ReadReq.Options,
    private readonly store: ByteStore,
  ) {
    this.ids = options.getUuidOption()?.hasString() ? 'text' : 'numbers';
    this.resolveLinks = options.getResolveLinks();
  }

  get gone(): boolean {
    return this.answer.gone;
  }

  /** Fulfilled when the client takes more. */
  async putEvents(events: readonly PlacedBytes[]): Promise<void> {
    for (const event of events) {
      if (!this.answer.write(this.response(event))) await this.answer.ready();
      if (this.gone) return;
    }
  }

  async put(response: ReadAnswer): Promise<void> {
    if (!this.answer.write(response)) await this.answer.ready();
  }

  /** Waits for more events in the store, or for the client to go. */
  async more(isThere: () => boolean): Promise<void> {
    if (isThere()) return;
    await this.answer.until((wake) =>
      this.store.onAppended(() => {
        if (isThere()) wake();
      }),
    );
  }

  private response(event: PlacedBytes): ReadAnswer {
    const target = this.resolveLinks && event.type === LINK ? this.target(event) : undefined;
    return target ? eventResponse(target, this.ids, event) : eventResponse(event, this.ids);
  }

  private target(link: PlacedBytes): PlacedBytes | undefined {
    const [, revision, stream] = /^(\d+)@(.+)$/s.exec(Buffer.from(link.data).toString()) ?? [];
    if (revision === undefined || stream === undefined || Number(revision) > this.store.head(stream)) return undefined;
    return this.store.readStream(stream, Number(revision), Number(revision))[0];
  }
}
