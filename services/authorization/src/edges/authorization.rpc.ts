import { AuthorizationCommands, AuthorizationQueries, TenantDirectory } from '@souk/contracts';
import { TokenAuthority } from '@souk/platform';

/** What other services ask this one, where it is a process of its own. */
export const authorizationRpc = [AuthorizationQueries, AuthorizationCommands, TenantDirectory, TokenAuthority];
