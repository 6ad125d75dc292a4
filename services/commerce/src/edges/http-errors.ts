import { HttpStatus } from '@nestjs/common';
import type { WebhookNotAuthentic } from '../application/billing.errors';
import type { BillingSourceTaken } from '../domain/billing-source.errors';
import type { SequenceConflict } from '../domain/purchase.errors';

/** Why a fulfilment was refused is recorded with the order, and never the answer to a request. */
type CommerceErrorCode = (BillingSourceTaken | SequenceConflict | WebhookNotAuthentic)['code'];

export const commerceErrors = {
  'billing-source-taken': HttpStatus.CONFLICT,
  'sequence-conflict': HttpStatus.CONFLICT,
  'webhook-not-authentic': HttpStatus.UNAUTHORIZED,
} satisfies Record<CommerceErrorCode, HttpStatus>;
