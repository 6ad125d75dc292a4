import { type Platform, platforms } from '@souk/contracts';
import { Type } from 'class-transformer';
import {
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  ValidateNested,
} from 'class-validator';

/** Something other than white space, no control characters. */
export const VISIBLE = /^(?=.*\S)\P{Cc}+$/u;

export class ClusterConnectionDto {
  @IsIn(['simulated', 'kubeconfig'])
  kind: 'simulated' | 'kubeconfig';

  /** YAML text, for the kind `kubeconfig`: an https server, inline authority, token or inline client certificate. Kept encrypted. */
  @IsOptional()
  @IsString()
  @MaxLength(100_000)
  kubeconfig?: string;
}

export class RegisterClusterDto {
  /** Unique among the account's clusters. */
  @IsString()
  @Matches(VISIBLE)
  @MaxLength(63)
  name: string;

  @ValidateNested()
  @Type(() => ClusterConnectionDto)
  connection: ClusterConnectionDto;

  /** Platforms of its hosts. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayUnique()
  @IsIn(platforms, { each: true })
  platforms: Platform[];

  /** Addresses for LoadBalancer services: CIDR, or `first-last`. */
  @IsOptional()
  @IsString()
  @Matches(/^[0-9a-fA-F.:]+(?:\/\d{1,3}|-[0-9a-fA-F.:]+)$/)
  @MaxLength(100)
  serviceAddressRange?: string;
}
