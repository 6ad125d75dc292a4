import { idPattern } from '@souk/contracts';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';

/** Semantic version 2.0.0 (the expression that semver.org suggests, without its names). */
const SEMVER =
  /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/;

export class InitialiseAppDto {
  /** What this version is. */
  @IsString()
  @MinLength(1)
  @MaxLength(2000)
  versionDescription: string;

  /** Number of the first version; default 1.0.0. */
  @IsOptional()
  @IsString()
  @Matches(SEMVER)
  @MaxLength(64)
  number?: string;
}

export class DraftVersionDto {
  /** Semantic version, unique in the app. */
  @IsString()
  @Matches(SEMVER)
  @MaxLength(64)
  number: string;

  @IsString()
  @MinLength(1)
  @MaxLength(2000)
  description: string;

  /** Version of the same app to copy configurations and permissions from. */
  @IsOptional()
  @IsString()
  @Matches(new RegExp(idPattern('version')))
  cloneFrom?: string;
}

export class DescribeVersionDto {
  @IsString()
  @MinLength(1)
  @MaxLength(2000)
  description: string;

  /** Markdown. */
  @IsOptional()
  @IsString()
  @MaxLength(50_000)
  releaseNotes?: string;
}

export class ReviewedConfigurationDto {
  @IsString()
  @Matches(new RegExp(idPattern('configuration')))
  configurationId: string;

  @IsInt()
  @Min(0)
  revision: number;
}

export class ReviewedRevisionsDto {
  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => ReviewedConfigurationDto)
  configurations: ReviewedConfigurationDto[];

  /** -1 where nothing was declared. */
  @IsInt()
  @Min(-1)
  permissions: number;
}

export class ReleaseVersionDto {
  /** The `revisions` of the review that the decision to release is based on. */
  @ValidateNested()
  @Type(() => ReviewedRevisionsDto)
  reviewed: ReviewedRevisionsDto;

  /** Markdown. */
  @IsOptional()
  @IsString()
  @MaxLength(50_000)
  releaseNotes?: string;

  /** Why, for the history. */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;
}

export class VersionReasonDto {
  /** Why, for the history. */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;
}
