import { type DynamicModule, Inject, Module } from '@nestjs/common';
import type { Aggregate, Document, DomainEvent, Projection } from '@souk/event-sourcing';
import type { Publication } from '@souk/messaging';
import { ProjectionRunner } from '@souk/read-store';

/** What a service brings to the platform. */
export interface ServiceDefinition {
  /** `app-catalog` */
  readonly service: string;
  readonly aggregates: readonly AnyAggregate[];
  readonly projections: readonly AnyProjection[];
  readonly publication?: Publication;
}

/** Of any state, command and event. */
export type AnyAggregate = Pick<Aggregate<never, never, never>, 'category'> & { readonly eventTypes: object };
/** Of any document and event. */
export type AnyProjection = Pick<Projection<never, never>, 'name'> & { readonly on: object };

/** Name under which a read model is injected. */
const readModelToken = (projection: AnyProjection): string => `read-model:${projection.name}`;

/** Injects the read model of a projection, as a `ReadModel<Doc>`. */
export function InjectReadModel(projection: AnyProjection): PropertyDecorator & ParameterDecorator {
  return Inject(readModelToken(projection));
}

/** Makes the read models of one service injectable. Which services there are, the process says in `PlatformModule`. */
@Module({})
export class ServiceModule {
  static register({ service, projections }: ServiceDefinition): DynamicModule {
    const readModels = projections.map((projection) => ({
      provide: readModelToken(projection),
      inject: [ProjectionRunner],
      useFactory: (runner: ProjectionRunner) => runner.readModel(projection as unknown as Projection<Document, DomainEvent>),
    }));
    return { module: ServiceModule, id: service, providers: readModels, exports: readModels } as DynamicModule;
  }
}
