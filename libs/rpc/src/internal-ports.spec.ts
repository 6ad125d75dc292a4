import { type Problem } from '@souk/event-sourcing';
import {
  AppCatalogQueries,
  type AppView,
  AuthorizationCommands,
  AuthorizationQueries,
  type CallContext,
  type ConfigurationAtRevision,
  type CredentialView,
  type Decision,
  type DeclaredPermissions,
  DeploymentCommands,
  type InstanceRequest,
  OrchestrationCommands,
  OrchestrationQueries,
  type PermissionsAtRevision,
  ReleaseCommands,
  ReleaseQueries,
  roles,
  type SignedRequest,
  type Snapshot,
  TenantDirectory,
  type VersionView,
} from '@souk/contracts';
import { type PublicEvent, PublicHistory } from '@souk/messaging';
import { TokenAuthority, type VerifiedToken } from '@souk/platform';
import type { Topology } from '@souk/topology';
import fc from 'fast-check';
import { type Message, type Port, readAnswer, readArgs, writeAnswer, writeArgs } from './internal-port';
import { internalPortOf, internalPorts, type RpcMethod, rpcMethodOf, rpcNameOf, rpcServiceOf } from './internal-ports';

const text = fc.string({ unit: 'grapheme', maxLength: 30 });
const revision = fc.integer({ min: -1, max: 2 ** 40 });
const texts = fc.dictionary(text, text, { maxKeys: 4, noNullPrototype: true });
const listOf = <T>(one: fc.Arbitrary<T>) => fc.array(one, { maxLength: 4 });

/** A record whose keys may be missing where it says so; never `undefined`. */
function record<T>(shape: { [K in keyof T]: fc.Arbitrary<unknown> }, optional: readonly (keyof T)[] = []): fc.Arbitrary<T> {
  const requiredKeys = (Object.keys(shape) as (keyof T)[]).filter((key) => !optional.includes(key));
  return fc.record<unknown>(shape, { requiredKeys, noNullPrototype: true } as never) as fc.Arbitrary<T>;
}
const orNone = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined });

const problem = record<Problem>({ code: text, pointer: text, message: text });
const actor = record<CallContext['actor']>(
  { kind: fc.constantFrom('user', 'instance', 'billing', 'system'), id: text, tenant: text, role: fc.constantFrom(...roles) },
  ['tenant', 'role'],
);
const call = record<CallContext>({ commandId: text, correlationId: text, causationId: text, actor, reason: text }, ['reason']);
const permissions = record<DeclaredPermissions>({
  apis: listOf(text),
  dataModels: listOf(
    record({ model: text, version: text, access: fc.constantFrom('read', 'read-write'), subscribe: fc.boolean() }),
  ),
});
const topology = fc.record(
  {
    nodes: listOf(fc.record({ serviceName: text, category: fc.constant('custom'), env: texts }, { noNullPrototype: true })),
    arrows: listOf(fc.record({ from: text, to: text }, { noNullPrototype: true })),
    parameters: fc.constant({}),
    secrets: fc.constant({ password: { source: 'generated' } }),
  },
  { noNullPrototype: true },
) as unknown as fc.Arbitrary<Topology>;
const configuration = record<ConfigurationAtRevision>({
  ...{ configurationId: text, versionId: text, providerTenant: text, name: text, hosting: fc.constantFrom('edge', 'cloud') },
  ...{ revision, topology, problems: listOf(problem), warnings: listOf(problem) },
});
const app = record<AppView>({
  ...{ appId: text, providerTenant: text, name: text, status: fc.constant('listed'), platforms: listOf(text) },
  ...{ distributionType: fc.constantFrom('account', 'one-time'), hostingMode: fc.constant('edge') },
});
const version = record<VersionView>(
  { versionId: text, appId: text, providerTenant: text, number: text, status: fc.constant('released'), snapshot: text },
  ['snapshot'],
);
const snapshot = record<Snapshot>({
  ...{ apiVersion: fc.constant('souk/v1'), kind: fc.constant('Snapshot'), appId: text, versionNumber: text, permissions },
  configurations: listOf(
    fc.record(
      {
        name: text,
        hosting: fc.constant('edge'),
        topology,
        images: listOf(fc.record({ image: text, unpinned: fc.boolean() }, { noNullPrototype: true })),
      },
      { noNullPrototype: true },
    ),
  ),
});
const permissionsAt = record<PermissionsAtRevision>({ versionId: text, revision, permissions, problems: listOf(problem) });
const credential = record<CredentialView>(
  {
    ...{ instanceId: text, appKey: text, secretVersion: fc.nat(), previousSecretValidUntil: text },
    ...{ status: fc.constantFrom('active', 'suspended', 'revoked'), grants: permissions },
  },
  ['previousSecretValidUntil'],
);
const signedRequest = record<SignedRequest>(
  {
    ...{ method: text, path: text, headers: texts, bodySha256: text },
    query: fc.dictionary(text, fc.oneof(text, listOf(text)), { maxKeys: 4, noNullPrototype: true }),
  },
  ['bodySha256'],
);
const decision: fc.Arbitrary<Decision> = fc.oneof(
  record<Extract<Decision, { allowed: true }>>({
    ...{ allowed: fc.constant(true), api: text, appKey: text, instanceId: text, ownerTenant: text },
  }),
  record<Extract<Decision, { allowed: false }>>(
    { allowed: fc.constant(false), code: fc.constantFrom('unauthenticated', 'not-granted'), detail: text, stringToSign: text },
    ['stringToSign'],
  ),
);
const verified = record<VerifiedToken>({
  principal: fc.record({ tenant: text, user: text, role: fc.constantFrom(...roles), tokenId: text }, { noNullPrototype: true }),
  expiresAt: fc.nat({ max: 2 ** 45 }),
});
const instanceRequest = record<InstanceRequest>(
  {
    ...{ instanceId: text, name: text, ownerTenant: text, versionId: text, configuration: text },
    ...{ clusterId: text, region: text, parameters: texts, secrets: texts, purchaseId: text },
  },
  ['clusterId', 'region'],
);
const event = record<PublicEvent>({
  ...{ specversion: fc.constant('1.0'), id: text, source: text, type: text, subject: text, time: text },
  ...{ datacontenttype: fc.constant('application/json'), data: texts, soukposition: text, soukrevision: revision },
  soukmetadata: fc.record({ ...{ commandId: text, actor }, tenants: listOf(text) }, { noNullPrototype: true }),
});
const done = fc.constant(undefined);

type NewCredential = Parameters<AuthorizationCommands['createCredential']>[0];

type Samples<P> = {
  [Name in keyof P as P[Name] extends (...args: never[]) => Promise<unknown> ? Name : never]: P[Name] extends (
    ...args: infer Args
  ) => Promise<infer Answer>
    ? readonly [args: fc.Arbitrary<Args>, answer: fc.Arbitrary<Answer>]
    : never;
};
type Case = readonly [port: Port, method: string, args: fc.Arbitrary<unknown[]>, answer: fc.Arbitrary<unknown>];

/** The compiler asks for samples of every method. */
function casesOf<P extends object>(port: Port & { readonly prototype: P }, samples: Samples<P>): Case[] {
  return Object.entries(samples as unknown as Record<string, [Case[2], Case[3]]>).map(([method, [args, answer]]) => [
    port,
    method,
    args,
    answer,
  ]);
}

const cases: readonly Case[] = [
  ...casesOf(AppCatalogQueries, { app: [fc.tuple(text), orNone(app)] }),
  ...casesOf(OrchestrationQueries, { configurationsOf: [fc.tuple(text), listOf(configuration)] }),
  ...casesOf(OrchestrationCommands, { cloneConfigurations: [fc.tuple(text, text, call), done] }),
  ...casesOf(ReleaseQueries, {
    version: [fc.tuple(text), orNone(version)],
    newestReleased: [fc.tuple(text), orNone(version)],
    snapshot: [fc.tuple(text), orNone(snapshot)],
  }),
  ...casesOf(ReleaseCommands, { trialSnapshot: [fc.tuple(text, call), text] }),
  ...casesOf(AuthorizationQueries, {
    permissionsOf: [fc.tuple(text), permissionsAt],
    credentialOf: [fc.tuple(text), orNone(credential)],
    decide: [fc.tuple(signedRequest), decision],
  }),
  ...casesOf(AuthorizationCommands, {
    clonePermissions: [fc.tuple(text, text, call), done],
    createCredential: [
      fc.tuple(
        record<NewCredential>({ instanceId: text, appId: text, ownerTenant: text, providerTenant: text, grants: permissions }),
        call,
      ),
      credential,
    ],
    alignGrants: [fc.tuple(text, permissions, call), credential],
    revokeCredential: [fc.tuple(text, call), done],
    appSecret: [fc.tuple(text, fc.nat()), text],
  }),
  ...casesOf(TenantDirectory, { exists: [fc.tuple(text), fc.boolean()] }),
  ...casesOf(TokenAuthority, { verifyAnew: [fc.tuple(text), verified] }),
  ...casesOf(DeploymentCommands, {
    requestInstance: [fc.tuple(instanceRequest, call), done],
    deleteInstance: [fc.tuple(text, call), done],
  }),
  ...casesOf(PublicHistory, {
    read: [
      fc.tuple(text, revision, fc.nat({ max: 1000 })),
      fc.record({ events: listOf(event), upTo: revision }, { noNullPrototype: true }),
    ],
  }),
];

const overTheWire = (message: Message, write: RpcMethod['requestSerialize'], read: RpcMethod['requestDeserialize']) =>
  read(write(message));

describe('Ports between services', () => {
  it.each(cases.map(([port, method, args, answer]) => [`${port.name}.${method}`, port, method, args, answer] as const))(
    '%s: arguments and answers arrive as they were sent',
    (_, port, name, args, answer) => {
      const internal = internalPortOf(port);
      const method = internal.methods[name]!;
      const rpc = rpcMethodOf(internal, name);
      fc.assert(
        fc.property(args, answer, (sent, answered) => {
          const request = overTheWire(writeArgs(method, sent), rpc.requestSerialize, rpc.requestDeserialize);
          expect(readArgs(method, request)).toStrictEqual(sent);
          const response = overTheWire(writeAnswer(method, answered), rpc.responseSerialize, rpc.responseDeserialize);
          expect(readAnswer(method, response)).toStrictEqual(answered);
        }),
      );
    },
  );

  it('have one gRPC service each, with a method for each of theirs and no other', () => {
    for (const internal of internalPorts) {
      const declared = Object.keys(rpcServiceOf(internal)).sort();
      expect([internal.port.name, ...declared]).toEqual([
        internal.port.name,
        ...[...Object.keys(internal.methods), ...Object.keys(internal.streams)].map(rpcNameOf).sort(),
      ]);
    }
    expect(cases).toHaveLength(internalPorts.reduce((sum, { methods }) => sum + Object.keys(methods).length, 0));
  });

  it('are all there are: another class is refused', () => {
    expect(() => internalPortOf(Map)).toThrow('"Map" is not asked by other services');
  });
});
