import { PageQuery } from '@souk/platform';
import { IsIn, IsISO8601, IsOptional, Matches, MaxLength } from 'class-validator';

const WORD = /^[A-Za-z][A-Za-z0-9]*$/;

class Paging extends PageQuery {
  /** By place in the store. Default: ascending. */
  @IsOptional()
  @IsIn(['ascending', 'descending'])
  order?: 'ascending' | 'descending';
}

export class HistoryQuery extends Paging {
  /** Id of anything: an app, a version, an instance, an operation, a purchase, a tenant, a user … */
  @IsOptional()
  @Matches(/^[A-Za-z0-9_-]+$/)
  @MaxLength(200)
  about?: string;

  /** Type of event: `VersionReleased`. */
  @IsOptional()
  @Matches(WORD)
  @MaxLength(100)
  type?: string;

  /** Category of stream: `instance`. Streams of the machinery (`name`, `lease`, `deadline`) are listed only by their category. */
  @IsOptional()
  @Matches(WORD)
  @MaxLength(60)
  category?: string;

  /** Recorded time, inclusive: ISO 8601. */
  @IsOptional()
  @IsISO8601({ strict: true })
  from?: string;

  /** Recorded time, exclusive: ISO 8601. */
  @IsOptional()
  @IsISO8601({ strict: true })
  to?: string;
}

export class EffectsQuery extends Paging {}
