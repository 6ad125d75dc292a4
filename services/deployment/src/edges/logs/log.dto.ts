import { PageQuery } from '@souk/platform';
import { IsBoolean, IsInt, IsISO8601, IsOptional, IsString, Matches, Max, MaxLength, Min, MinLength } from 'class-validator';

const NODE = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

export class LogFilterQuery {
  /** Service name of a node. */
  @IsOptional()
  @IsString()
  @Matches(NODE)
  node?: string;

  /** Part of the text, whatever the case of its letters. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(256)
  contains?: string;
}

export class LogQuery extends PageQuery {
  /** Service name of a node. */
  @IsOptional()
  @IsString()
  @Matches(NODE)
  node?: string;

  /** Part of the text, whatever the case of its letters. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(256)
  contains?: string;

  /** ISO 8601, inclusive. */
  @IsOptional()
  @IsISO8601({ strict: true })
  since?: string;

  /** ISO 8601, inclusive. */
  @IsOptional()
  @IsISO8601({ strict: true })
  until?: string;
}

export class PodLogQuery {
  /** Default: the newest pod of the node. */
  @IsOptional()
  @IsString()
  @Matches(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/)
  pod?: string;

  /** Default: that of the process. */
  @IsOptional()
  @IsString()
  @Matches(NODE)
  container?: string;

  /** So many lines at the end. Default 500. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(100_000)
  tailLines?: number;

  /** Go on with what is printed from now on. */
  @IsOptional()
  @IsBoolean()
  follow?: boolean;

  /** Of the container before it was started again. */
  @IsOptional()
  @IsBoolean()
  previous?: boolean;
}
