import { AllStreamPosition, type UUID } from '@eventstore/db-client/generated/shared_pb';
import { type BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { AppendResult, ExpectedRevision } from '@souk/event-sourcing';
import { Empty } from 'google-protobuf/google/protobuf/empty_pb';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { encodeBytes, type EncodedEvent } from '../record';
import { Answer } from './answer';
import type { BatchRequest } from './batch-request';
import { statusOfAppend, timedOut } from './batch-status';
import { expectedRevisionOf } from './expected-revision';
import type { OpenCall } from './open-calls';
import { ordinalOf } from './positions';
import { sizeOf } from './proposed-event';
import { AccessDenied, InvalidRequest, MaximumAppendSizeExceeded, type ProtocolError } from './protocol-errors';
import { identifierOf, nameOf } from './read-response';
import type { Serving } from './serving';
import { uuidText } from './uuid';

type BatchCall = ServerDuplexStream<BatchRequest, BatchAppendResp>;

/** An append whose last part has not come yet. */
interface Unfinished {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  /** In milliseconds since 1970. */
  readonly deadline: number;
  readonly events: EncodedEvent[];
  size: number;
}

/** Appends of one client that may be unfinished, and bytes of all of them: what is beyond is refused. */
const MAX_UNFINISHED = 1024;
const MAX_UNFINISHED_BYTES = 16 << 20;
/** Bytes that may be on their way to the disk before a client has to wait. */
const MAX_BYTES_UNDER_WAY = 16 << 20;
/** Events that are read from a request in one go. */
const SLICE = 256;

/** Many appends in one call, answered by their correlation ids in the order in which they are done. */
export class BatchAppendCall implements OpenCall {
  private readonly unfinished = new Map<string, Unfinished>();
  private readonly answer: Answer<BatchAppendResp>;
  private unfinishedBytes = 0;
  private underWay = 0;
  private bytes = 0;
  private reading = false;
  private waiting = false;
  private ended = false;
  private stopping: ProtocolError | undefined;

  constructor(
    private readonly call: BatchCall,
    private readonly serving: Serving,
    private readonly mayWrite: boolean,
  ) {
    const { calls } = serving;
    calls.add(this);
    this.answer = new Answer(call, () => calls.delete(this));
    call.on('data', (request: BatchRequest) => void this.take(request));
    call.on('end', () => {
      this.ended = true;
      this.endWhenDone();
    });
  }

  stop(error: ProtocolError): void {
    this.stopping = error;
    this.call.pause();
    this.endWhenDone();
  }

  private async take(request: BatchRequest): Promise<void> {
    const { correlationId, options, isFinal } = request;
    const key = uuidText(correlationId) ?? '';
    const stream = nameOf(options?.getStreamIdentifier());
    try {
      const append = this.unfinished.get(key) ?? this.begin(key, stream, options);
      // Parts of an append that was refused.
      if (!append) return;
      for (let first = 0; first < request.count; first += SLICE) {
        if (first > 0) await this.turn();
        this.add(append, request, first);
      }
      if (!isFinal) return;
      this.forget(key);
      void this.finish(correlationId, append);
    } catch (error) {
      const refused = this.unfinished.get(key)?.stream ?? stream;
      this.forget(key);
      this.reply(correlationId, refused, (response) => response.setError(statusOfAppend(error, this.serving.onError)));
    }
  }

  /** Lets others have their turn, but for the next request of this client: they keep their order. */
  private async turn(): Promise<void> {
    this.reading = true;
    this.call.pause();
    await nextTurn();
    this.reading = false;
    if (!this.full) this.call.resume();
  }

  private begin(key: string, stream: string, options: BatchAppendReq.Options | undefined): Unfinished | undefined {
    if (!options) return undefined;
    if (!this.mayWrite) throw new AccessDenied();
    if (key === '') throw new InvalidRequest('a correlation id is a UUID');
    if (stream === '') throw new InvalidRequest('Required field StreamIdentifier not set.');
    if (this.unfinished.size >= MAX_UNFINISHED) throw new InvalidRequest(`${MAX_UNFINISHED} unfinished appends at most`);
    const expected = expectedRevisionOf(options, options.hasStreamPosition() ? options.getStreamPosition() : undefined);
    const deadline = options.getDeadline()?.toDate().getTime() ?? Infinity;
    const append: Unfinished = { stream, expected, deadline, events: [], size: 0 };
    this.unfinished.set(key, append);
    return append;
  }

  /** The next events of a request. */
  private add(append: Unfinished, request: BatchRequest, first: number): void {
    const { maxAppendBytes } = this.serving;
    const end = Math.min(first + SLICE, request.count);
    for (let i = first; i < end; i++) {
      const event = request.event(i);
      const size = sizeOf(event);
      append.size += size;
      this.unfinishedBytes += size;
      if (append.size > maxAppendBytes) throw new MaximumAppendSizeExceeded(maxAppendBytes);
      if (this.unfinishedBytes > MAX_UNFINISHED_BYTES)
        throw new InvalidRequest(`unfinished appends have ${MAX_UNFINISHED_BYTES} bytes at most`);
      append.events.push(encodeBytes(append.stream, event));
    }
  }

  /** Finished, or refused. */
  private forget(key: string): void {
    this.unfinishedBytes -= this.unfinished.get(key)?.size ?? 0;
    this.unfinished.delete(key);
  }

  private async finish(correlation: UUID | undefined, append: Unfinished): Promise<void> {
    this.underWay++;
    this.bytes += append.size;
    if (this.full) this.call.pause();
    try {
      if (append.deadline <= Date.now()) {
        this.reply(correlation, append.stream, (response) => response.setError(timedOut()));
        return;
      }
      const result = await this.serving.writer.append(append.stream, append.expected, append.events);
      this.reply(correlation, append.stream, (response) => response.setSuccess(successOf(result)));
    } catch (error) {
      this.reply(correlation, append.stream, (response) => response.setError(statusOfAppend(error, this.serving.onError)));
    } finally {
      this.underWay--;
      this.bytes -= append.size;
      if (!this.full) this.call.resume();
      this.endWhenDone();
    }
  }

  private reply(correlation: UUID | undefined, stream: string, fill: (response: BatchAppendResp) => void): void {
    if (this.answer.gone) return;
    const response = new BatchAppendResp();
    response.setCorrelationId(correlation);
    response.setStreamIdentifier(identifierOf(stream));
    fill(response);
    if (!this.answer.write(response)) void this.waitForClient();
  }

  /** Takes nothing more from a client that does not take its answers. */
  private async waitForClient(): Promise<void> {
    if (this.waiting) return;
    this.waiting = true;
    this.call.pause();
    await this.answer.ready();
    this.waiting = false;
    if (!this.full) this.call.resume();
  }

  private get full(): boolean {
    return this.reading || this.waiting || this.stopping !== undefined || this.bytes > MAX_BYTES_UNDER_WAY;
  }

  private endWhenDone(): void {
    if (this.underWay > 0) return;
    if (this.stopping) this.answer.fail(this.stopping);
    else if (this.ended) this.answer.end();
  }
}

function successOf({ revision, position }: AppendResult): BatchAppendResp.Success {
  const success = new BatchAppendResp.Success();
  if (revision < 0) {
    success.setNoStream(new Empty());
    success.setNoPosition(new Empty());
    return success;
  }
  const at = new AllStreamPosition();
  at.setCommitPosition(ordinalOf(position));
  at.setPreparePosition(ordinalOf(position));
  success.setCurrentRevision(String(revision));
  success.setPosition(at);
  return success;
}
