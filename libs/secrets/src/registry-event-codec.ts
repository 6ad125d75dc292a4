import {
  EventCodec,
  type EventToAppend,
  type EventTypeOptions,
  type PersonalFields,
  type RecordedEvent,
  type Upcaster,
} from '@souk/event-sourcing';
import { type SecretVault, TenantKeyDestroyed } from './secret-vault.port';

/** What of an aggregate the codec needs: any `Aggregate` will do. */
export interface EventTypes {
  readonly eventTypes: Readonly<Record<string, EventTypeOptions>>;
}

/** What stands in the store for a personal field: its JSON, sealed under the key of that tenant, for this event and field alone. */
interface SealedField {
  readonly $sealed: string;
  readonly tenant: string;
}

type Data = Readonly<Record<string, unknown>>;

interface TypeCodec {
  readonly personal: PersonalFields<Data> | undefined;
  readonly upcasters: readonly Upcaster[];
}

/**
 * The codec of all events that some aggregates declare. Personal fields are encrypted on the way in; on the way out they are decrypted,
 * then the upcasters lead from the event's schema version to the current one, which `metadata.schemaVersion` is from then on.
 *
 * A field of a tenant whose key was destroyed reads as `null` (and is written as `null`), so upcasters and `evolve` must take that.
 * Types that nobody declares, and versions newer than the declared one, pass unchanged. A type that had personal fields once keeps its
 * `personal` for ever: old events are decrypted by what is sealed in them, whatever the fields are called today.
 */
export class RegistryEventCodec extends EventCodec {
  private readonly types = new Map<string, TypeCodec>();

  /** @throws Error where two aggregates declare the same type of event */
  constructor(
    private readonly vault: SecretVault,
    aggregates: readonly EventTypes[],
  ) {
    super();
    for (const { eventTypes } of aggregates)
      for (const [type, { personal, upcasters = [] }] of Object.entries(eventTypes)) {
        if (this.types.has(type)) throw new Error(`the event type "${type}" is declared twice`);
        this.types.set(type, { personal: personal as unknown as PersonalFields<Data> | undefined, upcasters });
      }
  }

  /** @throws TypeError where the tenant of a personal field is not given, or another field looks like a sealed one */
  override encode(event: EventToAppend): EventToAppend | Promise<EventToAppend> {
    const personal = this.types.get(event.type)?.personal;
    if (!personal) return event;
    const data = event.data as Data;
    // Else whoever can fill such a field could write an event that nobody can read.
    const impostor = Object.keys(data).find((field) => isSealed(data[field]) && !personal.fields.includes(field));
    if (impostor !== undefined) throw new TypeError(`event "${event.type}": the field "${impostor}" looks like a sealed one`);
    const fields = personal.fields.filter((field) => data[field] !== undefined && data[field] !== null);
    return fields.length === 0 ? event : this.seal(event, fields, personal.tenant(data));
  }

  /** @throws SealBroken where a sealed field was changed, or moved here from another event */
  override decode(event: RecordedEvent): RecordedEvent | Promise<RecordedEvent> {
    const type = this.types.get(event.type);
    if (!type) return event;
    if (!type.personal) return upcast(event, type);
    const sealed = Object.entries(event.data).filter((entry): entry is [string, SealedField] => isSealed(entry[1]));
    if (sealed.length === 0) return upcast(event, type);
    return this.unseal(event, sealed).then((plain) => upcast(plain, type));
  }

  private async seal(event: EventToAppend, fields: readonly string[], tenant: unknown): Promise<EventToAppend> {
    if (typeof tenant !== 'string' || tenant === '')
      throw new TypeError(`event "${event.type}" has personal fields of no tenant`);
    const data: Record<string, unknown> = { ...event.data };
    for (const field of fields) {
      try {
        const $sealed = await this.vault.seal(tenant, JSON.stringify(data[field]), contextOf(event, field));
        data[field] = { $sealed, tenant } satisfies SealedField;
      } catch (error) {
        if (!(error instanceof TenantKeyDestroyed)) throw error;
        data[field] = null;
      }
    }
    return { ...event, data };
  }

  private async unseal(event: RecordedEvent, fields: readonly [string, SealedField][]): Promise<RecordedEvent> {
    const data: Record<string, unknown> = { ...event.data };
    for (const [field, { $sealed, tenant }] of fields) {
      const json = await this.vault.unseal(tenant, $sealed, contextOf(event, field));
      data[field] = json === undefined ? null : JSON.parse(json);
    }
    return { ...event, data };
  }
}

function upcast(event: RecordedEvent, { upcasters }: TypeCodec): RecordedEvent {
  const version = event.metadata.schemaVersion;
  if (version > upcasters.length) return event;
  const data = upcasters.slice(version - 1).reduce<object>((older, upcaster) => upcaster(older as never), event.data);
  return { ...event, data, metadata: { ...event.metadata, schemaVersion: upcasters.length + 1 } };
}

function contextOf({ id }: Pick<RecordedEvent, 'id'>, field: string): string {
  return `${id}|${field}`;
}

function isSealed(value: unknown): value is SealedField {
  if (typeof value !== 'object' || value === null || !('$sealed' in value) || !('tenant' in value)) return false;
  return typeof value.$sealed === 'string' && typeof value.tenant === 'string';
}
