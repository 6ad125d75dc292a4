import { idPattern } from '@souk/contracts';
import { IsOptional, IsString, Matches, MaxLength } from 'class-validator';

export class RegisterBillingSourceDto {
  @IsString()
  @Matches(/^(?=.*\S)\P{Cc}+$/u)
  @MaxLength(100)
  name: string;

  /** URI that stands as `source` in every event of this billing system; unique. */
  @IsString()
  @Matches(/^(?:[a-z][a-z0-9+.-]*:|\/)[^\s"<>]+$/i)
  @MaxLength(300)
  source: string;

  /** Tenant whose users in role billing see the orders. Default: the operator's own. */
  @IsOptional()
  @Matches(new RegExp(idPattern('tenant')))
  tenant?: string;
}
