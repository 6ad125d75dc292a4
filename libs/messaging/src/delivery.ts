import type { EventCodec, RecordedEvent } from '@souk/event-sourcing';
import { failpoint } from '@souk/failpoints';
import { inSpan, SpanKind } from '@souk/tracing';
import type { ConsumerGroup, PublicEvent, PublicEventHandler } from './event-bus.port';
import type { ParkedEnvelope } from './parking/parked-message.events';
import type { Lane } from './subject-lanes';
import type { Timers } from './timers';

export interface DeliveryOptions {
  /** How events in the store are read; without it, as they lie. */
  readonly codec?: EventCodec | undefined;
  /** A handler that takes longer has failed, in milliseconds; it is not stopped. */
  readonly handlerTimeoutMs: number;
  readonly timers: Timers;
}

/** How the events of a source become messages. */
export interface MessageForms {
  /** Types of events that may become a message of one of these public types. */
  sourcesOf(publicTypes: Iterable<string>): readonly string[];
  /** `undefined` for an event that is not told. @throws what the mapping throws */
  toPublic(event: RecordedEvent): PublicEvent | undefined;
}

/** What one group makes of the events of its source: messages, and their effects. */
export class Delivery {
  /** Types of events that may become messages of the group. */
  readonly types: readonly string[];

  constructor(
    private readonly group: ConsumerGroup,
    private readonly forms: MessageForms,
    private readonly options: DeliveryOptions,
  ) {
    this.types = forms.sourcesOf(group.handlers.keys());
  }

  /** What cannot be read or mapped fails again where it is delivered: there it holds back its own subject only. */
  concerns(event: RecordedEvent): boolean | Promise<boolean> {
    if (!this.types.includes(event.type)) return false;
    try {
      const message = this.messageOf(event);
      return message instanceof Promise ? message.then(this.hasHandler, () => true) : this.hasHandler(message);
    } catch {
      return true;
    }
  }

  /** Fulfilled when all handlers have had their effect; those of an earlier attempt are not run again. @throws what failed */
  async deliver(event: RecordedEvent, lane: Lane): Promise<void> {
    failpoint('bus.before-deliver');
    const message = await this.messageOf(event);
    const handlers = (message && this.group.handlers.get(message.type)) ?? [];
    for (; lane.handled < handlers.length; lane.handled++) await this.inTime(this.handle(message!, handlers[lane.handled]!));
    failpoint('bus.before-ack');
  }

  /** What of a message may be shown to those who look after the bus. */
  async envelopeOf(event: RecordedEvent): Promise<ParkedEnvelope> {
    const { id, revision, position, recordedAt: time } = event;
    try {
      return { id, type: (await this.messageOf(event))?.type ?? event.type, revision, position, time };
    } catch {
      return { id, type: event.type, revision, position, time };
    }
  }

  private readonly hasHandler = (message: PublicEvent | undefined): boolean =>
    message !== undefined && this.group.handlers.has(message.type);

  private messageOf(event: RecordedEvent): PublicEvent | undefined | Promise<PublicEvent | undefined> {
    const decoded = this.options.codec?.decode(event) ?? event;
    return decoded instanceof Promise ? decoded.then((plain) => this.forms.toPublic(plain)) : this.forms.toPublic(decoded);
  }

  private handle(message: PublicEvent, handler: PublicEventHandler): Promise<void> {
    const { type, subject, soukmetadata } = message;
    const attributes = {
      'messaging.system': 'souk',
      'messaging.operation.type': 'process',
      'messaging.consumer.group.name': this.group.name,
      'messaging.message.id': message.id,
      'cloudevents.event_type': type,
      'cloudevents.event_subject': subject,
    };
    const options = { kind: SpanKind.CONSUMER, attributes, parent: soukmetadata.traceparent };
    return inSpan(`process ${type}`, options, () => handler(message));
  }

  private async inTime(handling: Promise<void>): Promise<void> {
    const { handlerTimeoutMs, timers } = this.options;
    let cancel: () => void = () => undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = timers.after(handlerTimeoutMs, () => reject(new HandlerTimedOut(handlerTimeoutMs)));
    });
    try {
      await Promise.race([handling, late]);
    } finally {
      cancel();
    }
  }
}

/** A handler took longer than it may. It was not stopped: its effect may still come, beside that of the next attempt. */
export class HandlerTimedOut extends Error {
  readonly code = 'handler-timed-out';
  constructor(readonly timeoutMs: number) {
    super(`the handler had not ended after ${timeoutMs} ms`);
    this.name = new.target.name;
  }
}
