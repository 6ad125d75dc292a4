import type { RecordedEvent } from '@souk/event-sourcing';
import { serviceOf, toPublicEvent } from './cloud-event';
import type { PublicEvent, Publication } from './event-bus.port';

/** What all services of this process tell: one mapping for each private type. */
export class Publications {
  private readonly byPrivateType = new Map<string, Publication>();

  /** @throws Error when another service tells one of these private types: a private event belongs to one service */
  add(publication: Publication): void {
    for (const type of Object.keys(publication.on)) {
      const other = this.byPrivateType.get(type);
      if (other) throw new Error(`"${type}" is published by both "${other.service}" and "${publication.service}"`);
      this.byPrivateType.set(type, publication);
    }
  }

  /** Private types that may become one of these public types. */
  sourcesOf(publicTypes: Iterable<string>): readonly string[] {
    const services = new Set([...publicTypes].map(serviceOf));
    return [...this.byPrivateType].filter(([, { service }]) => services.has(service)).map(([type]) => type);
  }

  /** All of which something is told. */
  get services(): readonly string[] {
    return [...new Set([...this.byPrivateType.values()].map(({ service }) => service))];
  }

  /** Private types of one service. */
  typesOf(service: string): readonly string[] {
    return [...this.byPrivateType].filter(([, owner]) => owner.service === service).map(([type]) => type);
  }

  /** The service that tells this private type. */
  ownerOf(privateType: string): string | undefined {
    return this.byPrivateType.get(privateType)?.service;
  }

  /** @throws what the mapping throws */
  toPublic(event: RecordedEvent): PublicEvent | undefined {
    const publication = this.byPrivateType.get(event.type);
    return publication && toPublicEvent(publication, event);
  }
}
