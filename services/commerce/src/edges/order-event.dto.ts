import { idPattern } from '@souk/contracts';
import { Type } from 'class-transformer';
import { Equals, IsIn, IsObject, IsOptional, IsString, Matches, MaxLength, MinLength, ValidateNested } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';

export const PAID = 'souk.order.paid.v1';
export const CANCELLED = 'souk.order.cancelled.v1';
export const REFUNDED = 'souk.order.refunded.v1';
/** Types of CloudEvents that are understood. */
export const orderEventTypes = [PAID, CANCELLED, REFUNDED] as const;

const VISIBLE = /^(?=.*\S)\P{Cc}+$/u;
/** An object of texts under plain names. */
const texts = {
  additionalProperties: { type: 'string', maxLength: 4000 },
  propertyNames: { pattern: '^[A-Za-z][A-Za-z0-9_.-]{0,62}$' },
} as Parameters<typeof JSONSchema>[0];

/** What was paid for. */
export class OrderPaidData {
  @Matches(new RegExp(idPattern('tenant')))
  buyerTenant: string;

  @Matches(new RegExp(idPattern('app')))
  appId: string;

  @IsOptional()
  @Matches(VISIBLE)
  @MaxLength(100)
  plan?: string;

  /** Without it: the newest released version at the time of fulfilment. */
  @IsOptional()
  @Matches(new RegExp(idPattern('version')))
  versionId?: string;

  /** Name of one of the version's configurations. */
  @Matches(VISIBLE)
  @MaxLength(100)
  configuration: string;

  /** For a configuration that is hosted at the edge. */
  @IsOptional()
  @Matches(new RegExp(idPattern('cluster')))
  clusterId?: string;

  /** For a configuration that is hosted in the cloud: where an operator's cluster is chosen. */
  @IsOptional()
  @Matches(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
  region?: string;

  /** Without it: a name made from the app's. */
  @IsOptional()
  @Matches(VISIBLE)
  @MaxLength(100)
  instanceName?: string;

  /** Values of the parameters that the version declares. */
  @IsOptional()
  @IsObject()
  @JSONSchema(texts)
  parameters?: Record<string, string>;

  /** For each secret that the version wants supplied: the name under which the buyer has stored its value. */
  @IsOptional()
  @IsObject()
  @JSONSchema(texts)
  secrets?: Record<string, string>;
}

export class OrderClosedData {
  /** Why, for the history. */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;
}

/** The attributes of every event: CloudEvents 1.0 in structured mode, with the extension `sequence`. Other extensions are ignored. */
export class OrderEventEnvelope {
  @Equals('1.0')
  specversion: '1.0';

  @IsString()
  @MinLength(1)
  @MaxLength(200)
  id: string;

  /** The URI under which the billing source is registered. */
  @IsString()
  @MinLength(1)
  @MaxLength(300)
  source: string;

  @IsIn(orderEventTypes)
  type: (typeof orderEventTypes)[number];

  /** Id of the order. */
  @Matches(VISIBLE)
  @MaxLength(200)
  subject: string;

  /** Number of the event among those of its order, from 1, in decimal. */
  @Matches(/^0*[1-9][0-9]{0,8}$/)
  @MaxLength(20)
  sequence: string;

  @IsOptional()
  @Equals('Integer')
  sequencetype?: 'Integer';

  /** RFC 3339. */
  @IsOptional()
  @Matches(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i)
  time?: string;

  @IsOptional()
  @Equals('application/json')
  datacontenttype?: 'application/json';

  @IsOptional()
  @IsString()
  @MaxLength(500)
  dataschema?: string;
}

export class OrderPaidEvent extends OrderEventEnvelope {
  declare type: typeof PAID;

  @ValidateNested()
  @Type(() => OrderPaidData)
  data: OrderPaidData;
}

export class OrderClosedEvent extends OrderEventEnvelope {
  declare type: typeof CANCELLED | typeof REFUNDED;

  @IsOptional()
  @ValidateNested()
  @Type(() => OrderClosedData)
  data?: OrderClosedData;
}

/** An event of a type that is not understood, as far as it can be checked at all. */
export class UnknownOrderEvent extends OrderEventEnvelope {
  @IsOptional()
  @IsObject()
  data?: object;
}

export type OrderEvent = OrderPaidEvent | OrderClosedEvent;
