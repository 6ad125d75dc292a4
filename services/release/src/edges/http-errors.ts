import { HttpStatus } from '@nestjs/common';
import type { VersionErrorCode } from '../domain/version.errors';

export const versionErrors = {
  'version-exists': HttpStatus.CONFLICT,
  'version-unknown': HttpStatus.NOT_FOUND,
  'version-not-draft': HttpStatus.CONFLICT,
  'version-not-released': HttpStatus.CONFLICT,
  'version-invalid': HttpStatus.UNPROCESSABLE_ENTITY,
  'draft-changed': HttpStatus.CONFLICT,
  'app-not-initialised': HttpStatus.CONFLICT,
  'app-initialised': HttpStatus.CONFLICT,
  'app-archived': HttpStatus.CONFLICT,
  'version-number-taken': HttpStatus.CONFLICT,
} satisfies Record<VersionErrorCode, HttpStatus>;
