import { IsIn, IsISO8601, IsOptional, IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { PageQuery } from '../http/page-query.dto';

const GROUP = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const statuses = ['parked', 'releasing', 'released'] as const;

export class ParkedMessagesQuery extends PageQuery {
  /** Consumer group. */
  @IsOptional()
  @Matches(GROUP)
  @MaxLength(100)
  group?: string;

  /** The stream that the message was made from. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(512)
  subject?: string;

  /** Public type, with its version. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  type?: string;

  /** Default: parked, that is those that wait for a decision. */
  @IsOptional()
  @IsIn(statuses)
  status?: (typeof statuses)[number];
}

export class ReplayDto {
  /** Why, for the history. */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;
}

export class ReplayAllDto extends ReplayDto {
  @Matches(GROUP)
  @MaxLength(100)
  group: string;

  /** Public type, with its version. Default: of every type. */
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  type?: string;

  /** Only what was parked before: ISO 8601. Default: now. The same for each batch, lest those that fail again are replayed for ever. */
  @IsOptional()
  @IsISO8601({ strict: true })
  parkedBefore?: string;
}

export class DiscardDto {
  /** Why the group can do without it, for the history. */
  @IsString()
  @Matches(/\S/)
  @MaxLength(500)
  reason: string;
}
