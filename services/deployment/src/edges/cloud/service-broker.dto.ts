import { Type } from 'class-transformer';
import { IsIn, IsOptional, IsString, Matches, MaxLength, ValidateNested } from 'class-validator';
import { VISIBLE } from '../clusters/cluster.dto';

export class BrokerCredentialsDto {
  @IsIn(['basic', 'bearer'])
  kind: 'basic' | 'bearer';

  /** For `basic`. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  username?: string;

  /** For `basic`. */
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  password?: string;

  /** For `bearer`. */
  @IsOptional()
  @IsString()
  @MaxLength(10_000)
  token?: string;
}

export class RegisterBrokerDto {
  /** Unique among the brokers. */
  @IsString()
  @Matches(VISIBLE)
  @MaxLength(63)
  name: string;

  /** Base URL, https. What is below `/v2` is asked for there. */
  @IsString()
  @Matches(/^https?:\/\/[^\s/?#@]+(?:\/[^\s?#]*)?$/)
  @MaxLength(500)
  url: string;

  /** Kept encrypted, and never shown. */
  @ValidateNested()
  @Type(() => BrokerCredentialsDto)
  credentials: BrokerCredentialsDto;

  /** PEM of the authority of its certificate, where it is a private one. */
  @IsOptional()
  @IsString()
  @MaxLength(100_000)
  certificateAuthority?: string;
}
