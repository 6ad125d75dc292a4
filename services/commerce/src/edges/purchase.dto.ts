import { PageQuery } from '@souk/platform';
import { IsIn, IsOptional } from 'class-validator';
import type { OrderStatus } from '../domain/purchase';

export class PurchaseQuery extends PageQuery {
  @IsOptional()
  @IsIn(['paid', 'cancelled', 'refunded'] satisfies OrderStatus[])
  status?: OrderStatus;
}
