import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';

export class CredentialReasonDto {
  /** Why, for the history. */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;
}

export class RotateSecretDto extends CredentialReasonDto {
  /** How long the AppSecret until now is taken beside the new one. 0: not at all. Default one day, at most seven. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(7 * 24 * 3600)
  graceSeconds?: number;
}
