import type { ConfigurationHosting } from '@souk/contracts';
import { IsIn, IsString, Matches, MaxLength } from 'class-validator';

/** Something other than white space, no control characters. */
const VISIBLE = /^(?=.*\S)[^\p{Cc}]+$/u;

export class CreateConfigurationDto {
  /** Unique in the version. */
  @IsString()
  @Matches(VISIBLE)
  @MaxLength(100)
  name: string;

  /** Where its instances run: on the buyer's edge cluster, or on one of the operator's. */
  @IsIn(['edge', 'cloud'])
  hosting: ConfigurationHosting;
}
