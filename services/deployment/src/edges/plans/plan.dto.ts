import { idPattern } from '@souk/contracts';
import { ArrayMaxSize, IsArray, IsObject, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { REGION } from '../clusters/cluster.dto';

export class PlanDto {
  @IsString()
  @Matches(new RegExp(idPattern('version')))
  versionId: string;

  /** The instance that is to change its version; without it, a new one is planned. */
  @IsOptional()
  @IsString()
  @Matches(new RegExp(idPattern('instance')))
  instanceId?: string;

  /** Name of the configuration, for a new instance. */
  @IsOptional()
  @IsString()
  @MaxLength(100)
  configuration?: string;

  /** For a new instance of a configuration that is hosted at the edge. */
  @IsOptional()
  @IsString()
  @Matches(new RegExp(idPattern('cluster')))
  clusterId?: string;

  /** For a new instance of a configuration that is hosted in the cloud. */
  @IsOptional()
  @IsString()
  @Matches(REGION)
  region?: string;

  /** Values of the parameters that the topology declares, as texts. */
  @IsOptional()
  @IsObject()
  parameters?: Record<string, unknown>;

  /** For each secret that the topology declares as supplied: the name under which its value is stored. */
  @IsOptional()
  @IsObject()
  secrets?: Record<string, unknown>;

  /** Nodes whose objects are told in full; all, up to 500 objects, where none are named. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  nodes?: string[];
}
