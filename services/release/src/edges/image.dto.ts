import { PageQuery } from '@souk/platform';
import { IsOptional, IsString, MaxLength, MinLength } from 'class-validator';

export class ImageQuery {
  /** As a node names it: `registry.example.com/team/web:1.0.0`. */
  @IsString()
  @MinLength(1)
  @MaxLength(512)
  image: string;
}

export class TagsQuery extends PageQuery {
  /** As images name it, without a tag: `registry.example.com/team/web`, `nginx`. */
  @IsString()
  @MinLength(1)
  @MaxLength(512)
  repository: string;
}

export class RepositoriesQuery extends PageQuery {
  /** Host, with a port where it has one. */
  @IsString()
  @MinLength(1)
  @MaxLength(255)
  registry: string;

  /** With what the names begin. */
  @IsOptional()
  @IsString()
  @MaxLength(255)
  prefix?: string;
}

export class RegistryLoginDto {
  @IsString()
  @MinLength(1)
  @MaxLength(255)
  username: string;

  /** Password or access token. Never read back. */
  @IsString()
  @MinLength(1)
  @MaxLength(8192)
  password: string;
}
