import {
  type DistributionType,
  distributionTypes,
  type HostingMode,
  hostingModes,
  type Platform,
  platforms,
} from '@souk/contracts';
import { PageQuery } from '@souk/platform';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  MinLength,
  ValidateNested,
} from 'class-validator';

/** Something other than white space, no control characters. */
const VISIBLE = /^(?=.*\S)\P{Cc}+$/u;
const WEB = /^https?:\/\/[^\s"<>]+$/;

export class LinkDto {
  @IsString()
  @Matches(VISIBLE)
  @MaxLength(100)
  title: string;

  @IsString()
  @Matches(WEB)
  @MaxLength(2000)
  url: string;
}

export class AppDetailsDto {
  /** One sentence, shown in lists. */
  @IsString()
  @MinLength(1)
  @MaxLength(300)
  summary: string;

  /** Markdown. */
  @IsOptional()
  @IsString()
  @MaxLength(50_000)
  description?: string;

  @IsOptional()
  @IsString()
  @Matches(VISIBLE)
  @MaxLength(60)
  category?: string;

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(20)
  @ArrayUnique()
  @IsString({ each: true })
  @MaxLength(40, { each: true })
  tags?: string[];

  @IsOptional()
  @IsString()
  @Matches(WEB)
  @MaxLength(2000)
  iconUrl?: string;

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(20)
  @ValidateNested({ each: true })
  @Type(() => LinkDto)
  links?: LinkDto[];
}

export class CreateAppDto extends AppDetailsDto {
  /** Unique among the provider's apps. */
  @IsString()
  @Matches(VISIBLE)
  @MaxLength(100)
  name: string;

  /** What the buyer gets: an account, a private copy, or a bespoke delivery. */
  @IsIn(distributionTypes)
  distributionType: DistributionType;

  @IsIn(hostingModes)
  hostingMode: HostingMode;

  /** Platforms that the images are built for. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayUnique()
  @IsIn(platforms, { each: true })
  platforms: Platform[];
}

export class SearchQuery extends PageQuery {
  /** Words, or beginnings of words, in name, summary or tags; all of them must be there. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  search?: string;

  @IsOptional()
  @IsString()
  @MaxLength(60)
  category?: string;

  @IsOptional()
  @IsString()
  @MaxLength(40)
  tag?: string;
}

export class ReasonDto {
  /** Why, for the history. */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;
}
