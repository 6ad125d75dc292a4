import { type CanActivate, type ExecutionContext, Injectable, type RawBodyRequest } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { BillingSources } from '../application/billing-sources';
import type { RegisteredBillingSource } from '../domain/billing-source';

/** A webhook's request after the guard. */
export interface BillingRequest extends RawBodyRequest<FastifyRequest> {
  billingSource: RegisteredBillingSource;
}

/** Lets a webhook in when its billing source has signed it; before anything of its body is looked at. */
@Injectable()
export class BillingSignatureGuard implements CanActivate {
  constructor(private readonly sources: BillingSources) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<BillingRequest>();
    const { billingSourceId } = request.params as { billingSourceId: string };
    const body = request.rawBody ?? Buffer.alloc(0);
    request.billingSource = await this.sources.authenticate({ billingSourceId, body, headers: webhookHeaders(request) });
    return true;
  }
}

function webhookHeaders({ headers }: FastifyRequest): Record<string, string> {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}
