import { IsObject, IsOptional, IsString, Matches, MaxLength } from 'class-validator';

/** The request of an instance, as the gateway got it. */
export class SignedRequestDto {
  @IsString()
  @MaxLength(16)
  method: string;

  /** Without query, as it was sent. */
  @IsString()
  @MaxLength(4096)
  path: string;

  /** Decoded; an array of texts where a parameter occurs more than once. */
  @IsOptional()
  @IsObject()
  query?: Record<string, unknown>;

  /** One text for each header. */
  @IsObject()
  headers: Record<string, unknown>;

  /** SHA-256 of the body that was received, Base64; left out when there was none. */
  @IsOptional()
  @IsString()
  @Matches(/^[A-Za-z0-9+/]{43}=$/)
  bodySha256?: string;
}
