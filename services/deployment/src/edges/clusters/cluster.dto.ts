import { type Platform, platforms } from '@souk/contracts';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { type LoadBalancerDialect, loadBalancerDialects } from '../../domain/clusters/cluster.events';

/** Something other than white space, no control characters. */
export const VISIBLE = /^(?=.*\S)\P{Cc}+$/u;

const ABSOLUTE = /^\/\P{Cc}*$/u;
/** Of a place, as an order names it: `eu-central`. */
export const REGION = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export class ClusterConnectionDto {
  @IsIn(['simulated', 'kubeconfig'])
  kind: 'simulated' | 'kubeconfig';

  /** YAML text, for the kind `kubeconfig`: an https server, inline authority, token or inline client certificate. Kept encrypted. */
  @IsOptional()
  @IsString()
  @MaxLength(100_000)
  kubeconfig?: string;
}

export class NasDto {
  /** Storage class of volumes that all hosts can mount at once. */
  @IsString()
  @Matches(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/)
  storageClass: string;
}

export class HostPathGrantDto {
  /** Absolute. What lies below it may be mounted too, where nothing but reading is granted; of what holds the host or its containers, exactly this. */
  @IsString()
  @Matches(ABSOLUTE)
  @MaxLength(500)
  path: string;

  /** Only by mounts that can't write. */
  @IsBoolean()
  readOnly: boolean;
}

/** All that workloads may ask of the hosts. Nothing else is allowed. */
export class HostPolicyDto {
  @IsBoolean()
  hostNetwork: boolean;

  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => HostPathGrantDto)
  hostPaths: HostPathGrantDto[];

  /** Device files by their exact paths. */
  @IsArray()
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsString({ each: true })
  @Matches(ABSOLUTE, { each: true })
  @MaxLength(500, { each: true })
  devices: string[];

  /** A container with a device file is privileged: root on its host. Without this no device file is mounted. */
  @IsOptional()
  @IsBoolean()
  privileged?: boolean;
}

/** What an owner says of a cluster, and may say anew. */
class ClusterDescriptionDto {
  /** Addresses for LoadBalancer services, 4,096 at most: CIDR, or `first-last`. */
  @IsOptional()
  @IsString()
  @MaxLength(100)
  serviceAddressRange?: string;

  /** How a load balancer is told which of them it is to take. */
  @IsOptional()
  @IsIn(loadBalancerDialects)
  loadBalancer?: LoadBalancerDialect;

  /** Where the cluster stands, for those that operators offer. */
  @IsOptional()
  @IsString()
  @Matches(REGION)
  region?: string;

  @IsOptional()
  @ValidateNested()
  @Type(() => NasDto)
  nas?: NasDto;

  /** Nothing is granted that is not named here. */
  @IsOptional()
  @ValidateNested()
  @Type(() => HostPolicyDto)
  hostPolicy?: HostPolicyDto;

  /** For the history; of grants, too. */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;
}

export class RegisterClusterDto extends ClusterDescriptionDto {
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
}

const removable = ['serviceAddressRange', 'loadBalancer', 'region', 'nas'] as const;

export class ChangeClusterDto extends ClusterDescriptionDto {
  /** A kubeconfig in place of the one in use. */
  @IsOptional()
  @ValidateNested()
  @Type(() => ClusterConnectionDto)
  connection?: ClusterConnectionDto;

  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayUnique()
  @IsIn(platforms, { each: true })
  platforms?: Platform[];

  /** What the cluster has no more. */
  @IsOptional()
  @IsArray()
  @ArrayUnique()
  @IsIn(removable, { each: true })
  remove?: (typeof removable)[number][];
}
