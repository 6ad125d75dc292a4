import {
  type HostPathType,
  hostPathTypes,
  type NodeCategory,
  nodeCategories,
  type Parameter,
  type ParameterFormat,
  parameterFormats,
  parameterTypes,
  type Protocol,
  type ServiceType,
  serviceTypes,
  type Topology,
} from '@souk/topology';
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
import { most } from '../domain/edits';

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

  /** Default 1. */
  @IsOptional()
  @IsInt()
  timeoutSeconds?: number;

  /** Answers in a row that say no before it counts; default 3. */
  @IsOptional()
  @IsInt()
  failureThreshold?: number;
}

/** Something of the host that the process sees. Deployed only where the cluster's owner has granted it. */
export class HostPathDto {
  @IsString()
  @MaxLength(1000)
  containerPath: string;

  @IsString()
  @MaxLength(1000)
  hostPath: string;

  @IsIn(hostPathTypes)
  type: HostPathType;

  /** Default false. */
  @IsOptional()
  @IsBoolean()
  readOnly?: boolean;
}

/** A directory that outlives the pod. */
export class StorageMountDto {
  /** Relative path on the cluster's NAS, below the instance's own directory: mounts of the same identifier see the same files. */
  @IsString()
  @MaxLength(1000)
  identifier: string;

  @IsString()
  @MaxLength(1000)
  containerPath: string;

  /** Kubernetes quantity; default `1Gi`. */
  @IsOptional()
  @IsString()
  @MaxLength(40)
  size?: string;
}

/** An offering of the cloud provider's catalogue, and one of its plans. */
export class CloudServiceDto {
  @IsString()
  @MaxLength(200)
  service: string;

  @IsString()
  @MaxLength(200)
  plan: string;

  /** As the plan's schema describes them. */
  @IsOptional()
  @IsObject()
  parameters?: Record<string, unknown>;
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

  /**
   * Values may refer to `${node.<name>.host}`, `${node.<name>.port}`, a credential of a cloud node `${node.<name>.<credential>}`,
   * `${param.<name>}`, `${secret.<name>}`, `${service.<model>.host}` and `${service.<model>.port}`; `$$` is a dollar sign.
   */
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
  @IsString()
  @MaxLength(1000)
  workingDirectory?: string;

  /** User id of the process; that of the image where it is left out. */
  @IsOptional()
  @IsInt()
  userId?: number;

  /** Name under which the provider has stored what its registry wants to see (`PUT /v1/secrets/{name}`): a `.dockerconfigjson`. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  imagePullSecret?: string;

  /** Liveness and readiness; a failed liveness check restarts the process. */
  @IsOptional()
  @ValidateNested()
  @Type(() => HealthCheckDto)
  healthCheck?: HealthCheckDto;

  /** Readiness, where it asks otherwise than `healthCheck`. */
  @IsOptional()
  @ValidateNested()
  @Type(() => HealthCheckDto)
  readinessCheck?: HealthCheckDto;

  /** The process is reached at the address of its host. Internal and external ports are the same then. */
  @IsOptional()
  @IsBoolean()
  hostNetwork?: boolean;

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => HostPathDto)
  hostPaths?: HostPathDto[];

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => StorageMountDto)
  storage?: StorageMountDto[];

  /** Absolute path in the container. What is written to files there is collected and can be searched. */
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  logDirectory?: string;

  /** Of a cloud node, which has no other settings than this. */
  @IsOptional()
  @ValidateNested()
  @Type(() => CloudServiceDto)
  cloud?: CloudServiceDto;

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

/** Filled in by the buyer for each instance: a JSON Schema of one value, which is written as a text. */
export class ParameterDto {
  @IsIn(parameterTypes)
  type: Parameter['type'];

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

  /** Default false; a required parameter without default must be given. */
  @IsOptional()
  @IsBoolean()
  required?: boolean;

  /** Its value is kept like that of a supplied secret, and given as one: the name under which it is stored. Default false. */
  @IsOptional()
  @IsBoolean()
  secret?: boolean;

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(200)
  @IsString({ each: true })
  @MaxLength(1000, { each: true })
  enum?: string[];

  /** Regular expression without look-around and back-references. */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  pattern?: string;

  @IsOptional()
  @IsIn(parameterFormats)
  format?: ParameterFormat;

  @IsOptional()
  @IsInt()
  minLength?: number;

  @IsOptional()
  @IsInt()
  maxLength?: number;

  @IsOptional()
  @IsNumber()
  minimum?: number;

  @IsOptional()
  @IsNumber()
  maximum?: number;
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
  @ArrayMaxSize(most.nodes)
  @ValidateNested({ each: true })
  @Type(() => NodeDto)
  nodes: NodeDto[];

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(most.arrows)
  @ValidateNested({ each: true })
  @Type(() => ArrowDto)
  arrows?: ArrowDto[];

  /** By the name under which `${param.<name>}` refers to them. */
  @IsOptional()
  @IsObject()
  @JSONSchema({ additionalProperties: { $ref: '#/ParameterDto' }, maxProperties: most.parameters })
  parameters?: Record<string, ParameterDto>;

  /** By the name under which `${secret.<name>}` refers to them. */
  @IsOptional()
  @IsObject()
  @JSONSchema({ additionalProperties: { $ref: '#/SecretDto' }, maxProperties: most.secrets })
  secrets?: Record<string, SecretDto>;
}

export function topologyFrom({ nodes, arrows = [], parameters = {}, secrets = {} }: TopologyDto): Topology {
  return { nodes, arrows, parameters, secrets };
}
