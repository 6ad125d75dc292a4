import type { INestApplication } from '@nestjs/common';
import { ApiProperty, DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { defaultMetadataStorage } from 'class-transformer/cjs/storage';
import { type DtoClass, dtoClasses, type JsonSchema, schemaOf } from './dto-schema';

/** The OpenAPI document of the application, from its controllers and from the same schemas that requests are checked against. */
export function openApiOf(app: INestApplication, version: string): OpenAPIObject {
  for (const dto of dtoClasses()) describeProperties(dto);
  const config = new DocumentBuilder()
    .setTitle('Souk')
    .setDescription("Backend of a marketplace for applications that run at the customer's edge.")
    .setVersion(version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBearerAuth()
    .addSecurityRequirements('bearer')
    .build();
  return SwaggerModule.createDocument(app, config, { operationIdFactory: (controller, method) => `${controller}.${method}` });
}

/** Tells @nestjs/swagger about every property of a DTO, so that nothing has to be said twice. */
function describeProperties(dto: DtoClass): void {
  const schema = schemaOf(dto);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const nested = typeOf(dto, name);
    const required = schema.required?.includes(name) ?? false;
    const options = nested ? { type: nested(), isArray: property.type === 'array' } : plain(property);
    ApiProperty({ ...options, required })(dto.prototype as object, name);
  }
}

/** The class that `@Type` names for a property, its own or inherited; the type definitions know only what is at the root. */
function typeOf(dto: DtoClass, property: string): (() => DtoClass) | undefined {
  const metadata = defaultMetadataStorage.findTypeMetadata(dto, property) as unknown as
    { typeFunction: () => DtoClass } | undefined;
  return metadata?.typeFunction;
}

/** What OpenAPI has no word for at this place stays out; it is checked all the same. */
function plain({ type, items, ...rest }: JsonSchema): object {
  if (type === 'array') return { type: 'array', items: items ?? {}, ...rest };
  if (type === undefined) return { type: 'object', ...rest };
  return type === 'object' && rest.additionalProperties === undefined
    ? { type, additionalProperties: true, ...rest }
    : { type, ...rest };
}
