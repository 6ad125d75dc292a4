import {
  AuthorizationCommands,
  AuthorizationQueries,
  type PermissionsAtRevision,
  type SignedRequest,
  TenantDirectory,
} from '@souk/contracts';
import { TokenAuthority } from '@souk/platform';
import { field, fromJsonBytes, internalPort, jsonBytes, type Part, nothing } from '../internal-port';
import { tellUsersChanged } from '../users-changed';

type Sent = Omit<SignedRequest, 'query'> & { readonly query: Buffer };

const signedRequest: Part<SignedRequest> = {
  write: (request) => ({ request: { ...request, query: jsonBytes(request.query) } }),
  read: (message) => {
    const sent = message['request'] as Sent;
    return { ...sent, query: fromJsonBytes(sent.query) as SignedRequest['query'] };
  },
};

/** A list that is absent is another declaration than an empty one, which only JSON tells. */
const permissionsAtRevision: Part<PermissionsAtRevision> = {
  write: (at) => ({ permissions: { ...at, permissions: jsonBytes(at.permissions) } }),
  read: (message) => {
    const sent = message['permissions'] as PermissionsAtRevision;
    return { ...sent, permissions: fromJsonBytes(sent.permissions) as PermissionsAtRevision['permissions'] };
  },
};

export const authorizationPorts = [
  internalPort('authorization', AuthorizationQueries, {
    permissionsOf: { args: [field('versionId')], answer: permissionsAtRevision },
    credentialOf: { args: [field('instanceId')], answer: field('credential') },
    // It uses the nonce up: made again, it would refuse an honest caller.
    decide: { args: [signedRequest], answer: field('decision'), repeatable: false },
  }),
  internalPort('authorization', AuthorizationCommands, {
    clonePermissions: { args: [field('fromVersionId'), field('toVersionId'), field('call')], answer: nothing },
    createCredential: { args: [field('input'), field('call')], answer: field('credential') },
    alignGrants: { args: [field('instanceId'), field('grants'), field('call')], answer: field('credential') },
    revokeCredential: { args: [field('instanceId'), field('call')], answer: nothing },
    appSecret: { args: [field('instanceId'), field('secretVersion')], answer: field('appSecret') },
  }),
  internalPort('authorization', TenantDirectory, { exists: { args: [field('tenantId')], answer: field('exists') } }),
  internalPort(
    'authorization',
    TokenAuthority,
    { verifyAnew: { args: [field('token')], answer: field('verified') } },
    { watchUsers: tellUsersChanged },
  ),
];
