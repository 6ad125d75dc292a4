import { type DataModelAccess, dataModelAccessLevels } from '@souk/contracts';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
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
}
