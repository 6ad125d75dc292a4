import { IsBoolean, IsObject, IsOptional, IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';

export class ComposeImportDto {
  /** The document, as it stands in `compose.yaml`. */
  @IsString()
  compose: string;

  /** Values of the document's variables, as `.env` would have them. `COMPOSE_PROFILES` names the profiles that are active. */
  @IsOptional()
  @IsObject()
  @JSONSchema({ additionalProperties: { type: 'string' }, maxProperties: 1000 })
  environment?: Record<string, string>;

  /** Only tell what would come of it. */
  @IsOptional()
  @IsBoolean()
  dryRun?: boolean;
}
