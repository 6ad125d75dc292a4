import { type Role, roles } from '@souk/contracts';
import { IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';

/** Something other than white space, no control characters. */
const VISIBLE = /^(?=.*\S)\P{Cc}+$/u;

export class RegisterTenantDto {
  @IsString()
  @Matches(VISIBLE)
  @MaxLength(100)
  name: string;
}

export class RegisterUserDto {
  @IsString()
  @Matches(VISIBLE)
  @MaxLength(100)
  displayName: string;

  /** What the user may do: one role for each user. */
  @IsIn(roles)
  role: Role;
}

export class IssueTokenDto {
  /** Default 12 hours, at most 30 days. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(30 * 24 * 3600)
  expiresInSeconds?: number;
}

export class DisableUserDto {
  /** Why, for the history. */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;
}
