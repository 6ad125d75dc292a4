import { Injectable, type PipeTransform } from '@nestjs/common';
import { ValidationPipe } from '@souk/platform';
import { OrderClosedEvent, type OrderEvent, orderEventTypes, OrderPaidEvent, PAID, UnknownOrderEvent } from './order-event.dto';

const attributes = new Set([
  ...['specversion', 'id', 'source', 'type', 'subject', 'sequence', 'sequencetype', 'time', 'datacontenttype', 'dataschema'],
  'data',
]);

/** Checks a CloudEvent by its type: envelope and data, all problems at once. */
@Injectable()
export class OrderEventPipe implements PipeTransform<unknown, OrderEvent> {
  private readonly validation = new ValidationPipe();

  transform(value: unknown): OrderEvent {
    const event = tolerated(value);
    return this.validation.transform(event, { type: 'body', metatype: dtoOf(event) }) as OrderEvent;
  }
}

function dtoOf(event: unknown): typeof OrderPaidEvent | typeof OrderClosedEvent | typeof UnknownOrderEvent {
  const type: unknown = typeof event === 'object' && event !== null && 'type' in event ? event.type : undefined;
  if (type === PAID) return OrderPaidEvent;
  return orderEventTypes.some((known) => known === type) ? OrderClosedEvent : UnknownOrderEvent;
}

/** Without extension attributes that mean nothing here (CloudEvents 1.0, section 3), and with a sequence sent as a number as text. */
function tolerated(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const kept = Object.entries(value).filter(([name]) => attributes.has(name) || !/^[a-z0-9]{1,20}$/.test(name));
  return Object.fromEntries(
    kept.map(([name, content]: [string, unknown]) => [
      name,
      name === 'sequence' && Number.isInteger(content) ? String(content) : content,
    ]),
  );
}
