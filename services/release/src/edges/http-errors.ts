import { HttpStatus } from '@nestjs/common';
import type { RegistryErrorCode } from '@souk/registry';
import type { TooManyLogins } from '../application/registry-logins';
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

/** Of those that are asked on somebody's behalf. */
export const registryErrors = {
  'image-invalid': HttpStatus.UNPROCESSABLE_ENTITY,
  'image-not-found': HttpStatus.NOT_FOUND,
  'listing-unsupported': HttpStatus.UNPROCESSABLE_ENTITY,
  'registry-access-denied': HttpStatus.UNPROCESSABLE_ENTITY,
  'registry-refused': HttpStatus.UNPROCESSABLE_ENTITY,
  'registry-throttled': HttpStatus.SERVICE_UNAVAILABLE,
  'registry-unreachable': HttpStatus.BAD_GATEWAY,
  'registry-answer-invalid': HttpStatus.BAD_GATEWAY,
} satisfies Record<RegistryErrorCode, HttpStatus>;

export const loginErrors = {
  'too-many-registry-logins': HttpStatus.CONFLICT,
} satisfies Record<TooManyLogins['code'], HttpStatus>;
