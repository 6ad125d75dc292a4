import { Global, Module } from '@nestjs/common';
import { AuthorizationCommands, AuthorizationQueries, TenantDirectory } from '@souk/contracts';
import { type ServiceDefinition, ServiceModule, TokenAuthority, TokenVerifier } from '@souk/platform';
import { JoseTokenCodec } from './adapters/jose-token-codec';
import { AccessTokenVerifier } from './application/access-token-verifier';
import { AppKeys } from './application/app-keys';
import { LocalAuthorizationCommands } from './application/authorization-commands';
import { LocalAuthorizationQueries } from './application/authorization-queries';
import { Bootstrap } from './application/bootstrap';
import { Credentials } from './application/credentials';
import { IdentityWatch } from './application/identity-watch';
import { NonceRegister } from './application/nonce-register';
import { PermissionDeclarations } from './application/permission-declarations';
import { RequestVerifier } from './application/request-verifier';
import { TokenCodec } from './application/token-codec.port';
import { SecretExpiry } from './application/secret-expiry';
import { RegisteredTenants } from './application/tenants';
import { Users } from './application/users';
import { credentialAggregate } from './domain/credential.decide';
import { permissionsAggregate } from './domain/permissions.decide';
import { tenantAggregate } from './domain/tenant';
import { userAggregate } from './domain/user.decide';
import { CredentialController } from './edges/credential.controller';
import { DecisionController } from './edges/decision.controller';
import { JwksController } from './edges/jwks.controller';
import { PermissionsController } from './edges/permissions.controller';
import { publication } from './edges/publication';
import { ReleaseConsumer } from './edges/release.consumer';
import { RotationConsumer } from './edges/rotation.consumer';
import { TenantController } from './edges/tenant.controller';
import { UserController } from './edges/user.controller';
import { credentialsProjection } from './projections/credentials.projection';
import { tenantsProjection } from './projections/tenants.projection';
import { usersProjection } from './projections/users.projection';

export { Bootstrap };

/** What others need to know of it, they ask for; that a secret is another one now, they are told. */
export const authorization: ServiceDefinition = {
  service: 'authorization',
  aggregates: [permissionsAggregate, credentialAggregate, tenantAggregate, userAggregate],
  projections: [credentialsProjection, tenantsProjection, usersProjection],
  publication,
};

/** Global: the guard of every edge needs the token verifier. */
@Global()
@Module({
  imports: [ServiceModule.register(authorization)],
  controllers: [
    PermissionsController,
    CredentialController,
    DecisionController,
    TenantController,
    UserController,
    JwksController,
    ReleaseConsumer,
    RotationConsumer,
  ],
  providers: [
    PermissionDeclarations,
    Credentials,
    SecretExpiry,
    IdentityWatch,
    AppKeys,
    NonceRegister,
    RequestVerifier,
    Users,
    Bootstrap,
    { provide: TokenCodec, useClass: JoseTokenCodec },
    AccessTokenVerifier,
    { provide: TokenVerifier, useExisting: AccessTokenVerifier },
    { provide: TokenAuthority, useExisting: AccessTokenVerifier },
    { provide: AuthorizationQueries, useClass: LocalAuthorizationQueries },
    { provide: AuthorizationCommands, useClass: LocalAuthorizationCommands },
    { provide: TenantDirectory, useClass: RegisteredTenants },
  ],
  exports: [AuthorizationQueries, AuthorizationCommands, TenantDirectory, TokenVerifier, TokenAuthority, Bootstrap],
})
export class AuthorizationModule {}
