import { IsOptional, IsString, MaxLength } from 'class-validator';

export class CredentialReasonDto {
  /** Why, for the history. */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;
}
