import { idPattern, instanceStatuses } from '@souk/contracts';
import { PageQuery } from '@souk/platform';
import { Type } from 'class-transformer';
import {
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { REGION, VISIBLE } from '../clusters/cluster.dto';

const VERSION = new RegExp(idPattern('version'));
const CLUSTER = new RegExp(idPattern('cluster'));
const INSTANCE = new RegExp(idPattern('instance'));
const APP = new RegExp(idPattern('app'));

export class ReportDto {
  @IsString()
  @Matches(VERSION)
  versionId: string;

  /** Name of the configuration. */
  @IsString()
  @MaxLength(100)
  configuration: string;

  /** One of the account's, or a shared one: for a configuration that is hosted at the edge. */
  @IsOptional()
  @IsString()
  @Matches(CLUSTER)
  clusterId?: string;

  /** Where an operator's cluster is chosen: for a configuration that is hosted in the cloud. */
  @IsOptional()
  @IsString()
  @Matches(REGION)
  region?: string;

  /** Values of the parameters that the topology declares, as texts. */
  @IsOptional()
  @IsObject()
  parameters?: Record<string, unknown>;

  /** For each secret that the topology declares as supplied, and each parameter that is secret: the name under which its value is stored. */
  @IsOptional()
  @IsObject()
  secrets?: Record<string, unknown>;
}

/** The `revisions` of a plan: with any other state of things the request is refused. */
export class PlanRevisionsDto {
  /** Digest of what was to be deployed. */
  @IsString()
  @Matches(/^[0-9a-f]{64}$/)
  snapshot: string;

  /** Name of the configuration. */
  @IsString()
  @MaxLength(100)
  configuration: string;

  @IsString()
  @Matches(CLUSTER)
  clusterId: string;

  /** Revision of the cluster. */
  @IsInt()
  @Min(0)
  cluster: number;

  /** Where there was one. */
  @IsOptional()
  @IsString()
  @Matches(INSTANCE)
  instanceId?: string;

  /** Revision of the instance, where there was one. */
  @IsOptional()
  @IsInt()
  @Min(0)
  instance?: number;

  /** Digest of what was filled in for a new instance. */
  @IsOptional()
  @IsString()
  @Matches(/^[0-9a-f]{64}$/)
  filledIn?: string;
}

export class RequestInstanceDto extends ReportDto {
  @IsOptional()
  @ValidateNested()
  @Type(() => PlanRevisionsDto)
  plan?: PlanRevisionsDto;

  /** Unique within the account; free again after the instance was deleted. */
  @IsString()
  @Matches(VISIBLE)
  @MaxLength(100)
  name: string;

  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;
}

/** For an upgrade and a rollback alike. */
export class ChangeVersionDto {
  @IsString()
  @Matches(VERSION)
  versionId: string;

  /** Agree to permissions beyond those that the instance has. */
  @IsOptional()
  @IsBoolean()
  acceptPermissions?: boolean;

  @IsOptional()
  @ValidateNested()
  @Type(() => PlanRevisionsDto)
  plan?: PlanRevisionsDto;

  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;
}

export class RestartDto {
  /** Service names; all but init nodes where it is left out. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayUnique()
  @IsString({ each: true })
  nodes?: string[];

  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;
}

/** Why, for the history. */
export class ReasonDto {
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;
}

/** Of those who step in, it is asked why. */
export class InterventionDto {
  @IsString()
  @Matches(VISIBLE)
  @MaxLength(500)
  reason: string;
}

export class ScaleDto extends ReasonDto {
  /** Replicas by service name; init nodes have none. */
  @IsObject()
  nodes: Record<string, unknown>;
}

export class DriftPolicyDto {
  /** `correct`: what somebody else has changed on the cluster is put right. `report`: it is told. */
  @IsIn(['correct', 'report'])
  policy: 'correct' | 'report';
}

export class DeleteQuery {
  /** Although other instances use services of this one. */
  @IsOptional()
  @IsBoolean()
  force?: boolean;

  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;
}

export class InstanceQuery extends PageQuery {
  @IsOptional()
  @IsIn(instanceStatuses)
  status?: string;

  @IsOptional()
  @IsString()
  @Matches(APP)
  appId?: string;

  @IsOptional()
  @IsString()
  @Matches(CLUSTER)
  clusterId?: string;
}

export class SecretValueDto {
  @IsString()
  @MaxLength(16_384)
  value: string;
}
