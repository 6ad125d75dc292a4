import { HttpStatus } from '@nestjs/common';
import type { AppErrorCode } from '../domain/app.errors';

export const appErrors = {
  'app-exists': HttpStatus.CONFLICT,
  'app-unknown': HttpStatus.NOT_FOUND,
  'app-not-initialised': HttpStatus.CONFLICT,
  'no-released-version': HttpStatus.CONFLICT,
  'app-not-listed': HttpStatus.CONFLICT,
  'app-archived': HttpStatus.CONFLICT,
  'hosting-not-possible': HttpStatus.UNPROCESSABLE_ENTITY,
} satisfies Record<AppErrorCode, HttpStatus>;
