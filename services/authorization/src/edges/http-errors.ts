import { HttpStatus } from '@nestjs/common';
import type { CredentialErrorCode } from '../domain/credential.errors';
import type { PermissionsErrorCode } from '../domain/permissions.errors';
import type { UserErrorCode } from '../domain/user.errors';

export const authorizationErrors = {
  'permissions-frozen': HttpStatus.CONFLICT,
  'permissions-invalid': HttpStatus.UNPROCESSABLE_ENTITY,
  'credential-revoked': HttpStatus.CONFLICT,
  'credential-not-created': HttpStatus.CONFLICT,
  'user-disabled': HttpStatus.CONFLICT,
  'user-not-found': HttpStatus.NOT_FOUND,
  'token-not-found': HttpStatus.NOT_FOUND,
} satisfies Record<CredentialErrorCode | PermissionsErrorCode | UserErrorCode, HttpStatus>;
