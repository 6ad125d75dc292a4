import { type DataModelAccess, dataModelAccessLevels } from '@souk/contracts';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';

export class DataModelDto {
  @IsString()
  @Matches(/^[A-Za-z0-9][\w.:/-]*$/)
  @MaxLength(100)
  model: string;

  @IsString()
  @Matches(/^[\w.+-]+$/)
  @MaxLength(40)
  version: string;

  /** What may be done with the model's records. */
  @IsIn(dataModelAccessLevels)
  access: DataModelAccess;

  /** Whether changes of records are told. Default: no. */
  @IsOptional()
  @IsBoolean()
  subscribe?: boolean;
}

/** Name of a service model. */
const MODEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Service name of a node. */
const NODE = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export class SsoDto {
  /** Absolute path on the app itself, with a query perhaps. */
  @IsString()
  @Matches(/^\/(?!\/)[\x21-\x7e]*$/)
  @MaxLength(500)
  path: string;

  /** Service name of the node that serves it. */
  @IsString()
  @Matches(NODE)
  node: string;

  /** External port of the node. */
  @IsInt()
  @Min(1)
  @Max(65_535)
  port: number;
}

export class ServiceDependencyDto {
  /** Service model. */
  @IsString()
  @Matches(MODEL)
  model: string;

  /** Those of its APIs that the app calls. */
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(100, { each: true })
  apis: string[];
}

export class ServiceProvisionDto {
  /** Service model. */
  @IsString()
  @Matches(MODEL)
  model: string;

  /** Service name of the node that serves it. */
  @IsString()
  @Matches(NODE)
  node: string;

  /** External port of the node. */
  @IsInt()
  @Min(1)
  @Max(65_535)
  port: number;
}

export class PermissionsDto {
  /** Names out of `GET /v1/platform-apis`. */
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(100, { each: true })
  apis: string[];

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => DataModelDto)
  dataModels?: DataModelDto[];

  /** Where users of the edge console are signed in. */
  @IsOptional()
  @ValidateNested()
  @Type(() => SsoDto)
  sso?: SsoDto;

  /** Services that another app on the same cluster has to provide. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(50)
  @ValidateNested({ each: true })
  @Type(() => ServiceDependencyDto)
  dependencies?: ServiceDependencyDto[];

  /** Services that the app provides to others on its cluster. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(50)
  @ValidateNested({ each: true })
  @Type(() => ServiceProvisionDto)
  provisions?: ServiceProvisionDto[];
}
