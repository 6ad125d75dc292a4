import { HttpStatus } from '@nestjs/common';
import type { ConfigurationErrorCode } from '../domain/configuration.errors';

export const configurationErrors = {
  'compose-invalid': HttpStatus.UNPROCESSABLE_ENTITY,
  'too-many-imports': HttpStatus.TOO_MANY_REQUESTS,
  'configuration-exists': HttpStatus.CONFLICT,
  'configuration-unknown': HttpStatus.NOT_FOUND,
  'configuration-frozen': HttpStatus.CONFLICT,
  'topology-invalid': HttpStatus.UNPROCESSABLE_ENTITY,
  'node-unknown': HttpStatus.NOT_FOUND,
} satisfies Record<ConfigurationErrorCode, HttpStatus>;
