import {
  EventCodec,
  type EventToAppend,
  type EventTypeOptions,
  type PersonalFields,
  type RecordedEvent,
  type Upcaster,
} from '@souk/event-sourcing';
import type { SecretVault } from './secret-vault.port';

/** What the codec needs of an aggregate. */
export interface EventTypeRegistry {
  readonly eventTypes: object;
}

/** How a personal field stands in the store. */
interface Sealed {
  readonly $sealed: string;
  readonly tenant: string;
}

interface Known {
  readonly upcasters: readonly Upcaster[];
  readonly personal: PersonalFields<Record<string, unknown>> | undefined;
}

type Data = Readonly<Record<string, unknown>>;

/**
 * The codec of all event types that some aggregates declare. A personal field is stored as `{"$sealed": …, "tenant": …}`, sealed under the
 * tenant's key for exactly this event and field; it reads as `null` when the key was destroyed. Data of an older schema version is
 * upcast on reading. Unknown types pass as they are.
 */
export class RegistryEventCodec extends EventCodec {
  private readonly types = new Map<string, Known>();

  /** @throws Error when two aggregates declare the same type of event */
  constructor(
    private readonly vault: SecretVault,
    aggregates: readonly EventTypeRegistry[],
  ) {
    super();
    for (const { eventTypes } of aggregates)
      for (const [type, options] of Object.entries(eventTypes as Record<string, EventTypeOptions<Record<string, unknown>>>)) {
        if (this.types.has(type)) throw new Error(`two aggregates declare the event "${type}"`);
        this.types.set(type, { upcasters: options.upcasters ?? [], personal: options.personal });
      }
  }

  override encode(event: EventToAppend): EventToAppend | Promise<EventToAppend> {
    const personal = this.types.get(event.type)?.personal;
    return personal ? this.sealed(event, personal) : event;
  }

  override decode(event: RecordedEvent): RecordedEvent | Promise<RecordedEvent> {
    const known = this.types.get(event.type);
    if (!known) return event;
    return known.personal ? this.opened(event, known) : upcast(event, known.upcasters);
  }

  private async sealed(
    event: EventToAppend,
    { fields, tenant }: PersonalFields<Record<string, unknown>>,
  ): Promise<EventToAppend> {
    const data: Record<string, unknown> = { ...event.data };
    const owner = tenant(data);
    for (const field of fields) {
      if (data[field] === undefined) continue;
      const text = await this.vault.seal(owner, JSON.stringify(data[field]), contextOf(event.id, field));
      data[field] = { $sealed: text, tenant: owner } satisfies Sealed;
    }
    return { ...event, data };
  }

  private async opened(event: RecordedEvent, { upcasters }: Known): Promise<RecordedEvent> {
    const data: Record<string, unknown> = { ...event.data };
    for (const [field, value] of Object.entries(data)) if (isSealed(value)) data[field] = await this.open(event.id, field, value);
    return upcast({ ...event, data }, upcasters);
  }

  private async open(eventId: string, field: string, { $sealed, tenant }: Sealed): Promise<unknown> {
    const text = await this.vault.unseal(tenant, $sealed, contextOf(eventId, field));
    return text === undefined ? null : (JSON.parse(text) as unknown);
  }
}

function upcast(event: RecordedEvent, upcasters: readonly Upcaster[]): RecordedEvent {
  const { schemaVersion } = event.metadata;
  if (schemaVersion > upcasters.length) return event;
  const data = upcasters.slice(schemaVersion - 1).reduce<object>((older, upcaster) => upcaster(older as never), event.data);
  return { ...event, data: data, metadata: { ...event.metadata, schemaVersion: upcasters.length + 1 } };
}

function isSealed(value: unknown): value is Sealed {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Sealed>).$sealed === 'string';
}

function contextOf(eventId: string, field: string): string {
  return JSON.stringify(['event', eventId, field]);
}
