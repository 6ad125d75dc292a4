import { type NodeCategory, nodeCategories, type Protocol, type ServiceType, serviceTypes, type Topology } from '@souk/topology';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';

/*
 * These say what a topology document looks like, and no more: which values make sense is for `validateTopology` to say, since a
 * draft may well have problems.
 */

export class PortPairDto {
  /** Where the process listens. */
  @IsInt()
  internal: number;

  /** Where other nodes reach it, under the service name. */
  @IsInt()
  external: number;

  @IsIn(['TCP', 'UDP'])
  protocol: Protocol;
}

export class ResourceRangeDto {
  /** Kubernetes quantity: `250m`, `512Mi`. */
  @IsString()
  @MaxLength(40)
  request: string;

  @IsString()
  @MaxLength(40)
  limit: string;
}

export class HttpProbeDto {
  @IsString()
  @MaxLength(2000)
  path: string;

  @IsInt()
  port: number;
}

export class TcpProbeDto {
  @IsInt()
  port: number;
}

/** Asks in one way. Without any: TCP on the first port. */
export class HealthCheckDto {
  @IsOptional()
  @ValidateNested()
  @Type(() => HttpProbeDto)
  http?: HttpProbeDto;

  @IsOptional()
  @ValidateNested()
  @Type(() => TcpProbeDto)
  tcp?: TcpProbeDto;

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  command?: string[];

  @IsOptional()
  @IsInt()
  initialDelaySeconds?: number;

  @IsOptional()
  @IsInt()
  periodSeconds?: number;
}

export class PositionDto {
  @IsNumber()
  x: number;

  @IsNumber()
  y: number;
}

export class NodeDto {
  /** RFC 1035 label, unique in the configuration. Other nodes reach the node under it. */
  @IsString()
  @MaxLength(200)
  serviceName: string;

  @IsIn(nodeCategories)
  category: NodeCategory;

  /** OCI reference. A third-party node takes that of its preset where it names none. */
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  image?: string;

  /** Of a third-party node: see `GET /v1/node-presets`. */
  @IsOptional()
  @IsString()
  @MaxLength(100)
  preset?: string;

  @IsOptional()
  @ValidateNested()
  @Type(() => ResourceRangeDto)
  cpu?: ResourceRangeDto;

  @IsOptional()
  @ValidateNested()
  @Type(() => ResourceRangeDto)
  memory?: ResourceRangeDto;

  /** Default 1. */
  @IsOptional()
  @IsInt()
  replicas?: number;

  /** Values may refer to `${node.<name>.host}`, `${node.<name>.port}`, `${param.<name>}` and `${secret.<name>}`; `$${` is the text `${`. */
  @IsOptional()
  @IsObject()
  @JSONSchema({ additionalProperties: { type: 'string' } })
  env?: Record<string, string>;

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => PortPairDto)
  ports?: PortPairDto[];

  /** Default `ClusterIP`. */
  @IsOptional()
  @IsIn(serviceTypes)
  serviceType?: ServiceType;

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  command?: string[];

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(1000)
  @IsString({ each: true })
  args?: string[];

  @IsOptional()
  @ValidateNested()
  @Type(() => HealthCheckDto)
  healthCheck?: HealthCheckDto;

  /** Place on the canvas; no part of what is released. */
  @IsOptional()
  @ValidateNested()
  @Type(() => PositionDto)
  position?: PositionDto;
}

/** The node that the arrow points at deploys first. */
export class ArrowDto {
  @IsString()
  @MaxLength(200)
  from: string;

  @IsString()
  @MaxLength(200)
  to: string;
}

/** Filled in by the buyer for each instance. */
export class ParameterDto {
  @IsIn(['string', 'number', 'boolean'])
  type: 'string' | 'number' | 'boolean';

  @IsOptional()
  @IsString()
  @MaxLength(200)
  title?: string;

  @IsOptional()
  @IsString()
  @MaxLength(2000)
  description?: string;

  @IsOptional()
  @IsString()
  @MaxLength(4000)
  default?: string;

  @IsOptional()
  @IsBoolean()
  required?: boolean;
}

/** Generated for each instance, or supplied by the buyer. */
export class SecretDto {
  @IsIn(['generated', 'supplied'])
  source: 'generated' | 'supplied';

  @IsOptional()
  @IsString()
  @MaxLength(200)
  title?: string;
}

export class TopologyDto {
  @IsArray()
  @ArrayMaxSize(10_000)
  @ValidateNested({ each: true })
  @Type(() => NodeDto)
  nodes: NodeDto[];

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(50_000)
  @ValidateNested({ each: true })
  @Type(() => ArrowDto)
  arrows?: ArrowDto[];

  /** By the name under which `${param.<name>}` refers to them. */
  @IsOptional()
  @IsObject()
  @JSONSchema({ additionalProperties: { $ref: '#/ParameterDto' }, maxProperties: 1000 })
  parameters?: Record<string, ParameterDto>;

  /** By the name under which `${secret.<name>}` refers to them. */
  @IsOptional()
  @IsObject()
  @JSONSchema({ additionalProperties: { $ref: '#/SecretDto' }, maxProperties: 1000 })
  secrets?: Record<string, SecretDto>;
}

export function topologyFrom({ nodes, arrows = [], parameters = {}, secrets = {} }: TopologyDto): Topology {
  return { nodes, arrows, parameters, secrets };
}
