import { Controller, Get, Param, Query, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Role } from '@souk/contracts';
import { CommandHandler } from '@souk/event-sourcing';
import { Ctx, InjectReadModel, NotFound, problemsOf, RequestContext, Roles } from '@souk/platform';
import type { Query as Criteria, ReadModel } from '@souk/read-store';
import { orderIds } from '../application/order-ids';
import { purchaseAggregate } from '../domain/purchase.decide';
import { type PurchaseDoc, purchasesProjection } from '../projections/purchases.projection';
import { commerceErrors } from './http-errors';
import { PurchaseQuery } from './purchase.dto';
import { mayRead, purchaseView } from './purchase.view';

@ApiTags('commerce')
@Controller('v1/purchases')
@UseFilters(problemsOf(commerceErrors))
export class PurchaseController {
  constructor(
    private readonly commands: CommandHandler,
    @InjectReadModel(purchasesProjection) private readonly purchases: ReadModel<PurchaseDoc>,
  ) {}

  @Get()
  @Roles('buyer', 'provider', 'operator', 'billing')
  @ApiOperation({ summary: 'Purchases that the caller is a party to, newest first; all for an operator' })
  async list(@Query() { status, limit, cursor }: PurchaseQuery, @Ctx() { principal }: RequestContext) {
    const { index, where } = scopeOf(principal.role, principal.tenant);
    const page = await this.purchases.query({
      ...(status ? { index: `${index}AndStatus`, where: { ...where, status } } : { index, where }),
      order: 'descending',
      audience: principal.tenant,
      ...(limit && { limit }),
      ...(cursor && { cursor }),
    });
    return { ...page, items: page.items.map((purchase) => purchaseView(purchase, principal)) };
  }

  @Get(':purchaseId')
  @Roles('buyer', 'provider', 'operator', 'billing')
  @ApiOperation({ summary: 'One purchase, with everything that billing said, and what became of its instance' })
  async get(@Param('purchaseId') purchaseId: string, @Ctx() ctx: RequestContext) {
    const doc = await this.purchases.get(purchaseId);
    if (!doc || !mayRead(doc, ctx.principal)) throw new NotFound('purchase', purchaseId);
    ctx.etag(doc.revision);
    return purchaseView(doc, ctx.principal, await this.parametersFor(doc, ctx.principal.role));
  }

  /** Personal to the buyer, and therefore in no read model: they come from the sealed events. */
  private async parametersFor({ source, orderId }: PurchaseDoc, role: Role) {
    if (role !== 'buyer') return undefined;
    const { state } = await this.commands.load(purchaseAggregate, orderIds(source, orderId).streamId);
    return state.status === 'unknown' ? undefined : state.order?.parameters;
  }
}

/** Each of these indexes has one of the same name with `AndStatus`. */
function scopeOf(role: Role, tenant: string): Required<Pick<Criteria<PurchaseDoc>, 'index' | 'where'>> {
  switch (role) {
    case 'buyer':
      return { index: 'byBuyer', where: { buyerTenant: tenant } };
    case 'provider':
      return { index: 'byProvider', where: { providerTenant: tenant } };
    case 'billing':
      return { index: 'byBilling', where: { billingTenant: tenant } };
    case 'operator':
    case 'auditor':
      return { index: 'all', where: {} };
  }
}
