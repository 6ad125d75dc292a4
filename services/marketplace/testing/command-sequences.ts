import type { Aggregate, DomainEvent } from '@souk/event-sourcing';
import type { Topology, TopologyNode } from '@souk/topology';
import * as fc from 'fast-check';
import { appAggregate } from '../../app-catalog/src/domain/app.decide';
import { credentialAggregate } from '../../authorization/src/domain/credential.decide';
import { purchaseAggregate } from '../../commerce/src/domain/purchase.decide';
import { instance } from '../../deployment/src/domain/instances/instance.decide';
import { operation } from '../../deployment/src/domain/operations/operation.decide';
import type { OperationFact, WaitCode } from '../../deployment/src/domain/operations/operation.events';
import { configurationAggregate } from '../../orchestration/src/domain/configuration.decide';
import { versionAggregate } from '../../release/src/domain/version.decide';

/** An aggregate of a service, and what one of it may be told in its life. Some of it is refused: that is part of a life. */
export interface Life {
  readonly aggregate: Aggregate<unknown, unknown, DomainEvent>;
  /** Commands for the one with that id, the creating one first. */
  readonly commands: (id: string) => fc.Arbitrary<readonly unknown[]>;
}

const provider = 'ten_01J0000000000000000000000P';
const buyer = 'ten_01J0000000000000000000000B';
const text = fc.constantFrom('', 'one', 'two', 'drei', '四');
const digest = fc.constantFrom('a'.repeat(64), 'b'.repeat(64));
const node = fc.constantFrom('db', 'web', 'init');

/** Lives of the aggregates that users and billing act on, and of those that follow from it. */
export const lives: readonly Life[] = [
  life(appAggregate, (appId) => {
    const details = fc.record({ summary: text, tags: fc.array(text, { maxLength: 2 }), links: fc.constant([]) });
    return [
      details.map((first) => ({
        type: 'create-app',
        appId,
        providerTenant: provider,
        name: appId,
        distributionType: 'instance',
        hostingMode: 'edge',
        platforms: ['linux/amd64'],
        details: first,
      })),
      fc.oneof(
        { weight: 10, arbitrary: details.map((next) => ({ type: 'describe-app', details: next }) as const) },
        fc.constant({ type: 'initialise-app', versionId: 'ver_01J0000000000000000000000A' } as const),
        fc.nat(1).map((releasedVersions) => ({ type: 'list-app', releasedVersions }) as const),
        fc.constant({ type: 'delist-app' } as const),
        fc.constant({ type: 'archive-app' } as const),
      ),
    ];
  }),

  life(versionAggregate, (versionId) => [
    text.map((description) => ({
      type: 'draft-version',
      versionId,
      appId: 'app_01J0000000000000000000000A',
      providerTenant: provider,
      number: '1.0.0',
      description,
      first: true,
    })),
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc
          .record({ description: text, releaseNotes: text }, { requiredKeys: ['description'] })
          .map((data) => ({ type: 'describe-version', ...data }) as const),
      },
      digest.map(
        (snapshot) => ({ type: 'release-version', snapshot, reviewed: { configurations: [], permissions: 3 } }) as const,
      ),
      fc.constant({ type: 'deprecate-version' } as const),
      fc.constant({ type: 'withdraw-version' } as const),
    ),
  ]),

  life(configurationAggregate, (configurationId) => [
    text.map((name) => ({
      type: 'create-configuration',
      configurationId,
      versionId: 'ver_01J0000000000000000000000A',
      appId: 'app_01J0000000000000000000000A',
      providerTenant: provider,
      name,
      hosting: 'edge',
    })),
    fc.oneof(
      { weight: 9, arbitrary: topologies().map((topology) => ({ type: 'replace-topology', topology }) as const) },
      fc.constant({ type: 'freeze-configuration', versionNumber: '1.0.0' } as const),
    ),
  ]),

  life(credentialAggregate, (instanceId) => {
    const version = fc.constantFrom('1', '2');
    const models = fc.array(
      fc.record({
        model: fc.constantFrom('orders', 'stock'),
        version,
        access: fc.constantFrom('read' as const, 'write' as const),
        subscribe: fc.boolean(),
      }),
      { maxLength: 3 },
    );
    const grants = fc.record({
      apis: fc.uniqueArray(fc.constantFrom('orders', 'stock', 'mail'), { maxLength: 3 }),
      dataModels: models as fc.Arbitrary<never[]>,
    });
    const party = fc.constantFrom('owner' as const, 'provider' as const, 'operator' as const);
    return [
      grants.map((first) => ({
        type: 'create-credential',
        instanceId,
        appKey: `key-${instanceId}`,
        appId: 'app_01J0000000000000000000000A',
        ownerTenant: buyer,
        providerTenant: provider,
        grants: first,
      })),
      fc.oneof(
        { weight: 10, arbitrary: grants.map((next) => ({ type: 'align-grants', instanceId, grants: next }) as const) },
        party.map((by) => ({ type: 'suspend-credential', instanceId, party: by }) as const),
        party.map((by) => ({ type: 'resume-credential', instanceId, party: by }) as const),
        fc.constant({ type: 'revoke-credential', instanceId } as const),
      ),
    ];
  }),

  life(purchaseAggregate, (purchaseId) => {
    const sequence = fc.integer({ min: 1, max: 6 });
    const reference = { purchaseId, source: 'https://billing.example.com', orderId: purchaseId, billingTenant: 'platform' };
    const order = {
      buyerTenant: buyer,
      appId: 'app_01J0000000000000000000000A',
      configuration: 'standard',
      clusterId: 'clu_01J0000000000000000000000A',
      secrets: {},
    };
    const started = { instanceId: `inst-${purchaseId}`, instanceName: 'shop', versionId: 'ver_01J0000000000000000000000A' };
    const paid = fc.tuple(sequence, text).map(([n, title]) => ({
      type: 'record-order-fact' as const,
      fact: { type: 'OrderPaid' as const, data: { ...reference, ...order, sequence: n, parameters: { title } } },
    }));
    return [
      paid,
      fc.oneof(
        paid,
        fc
          .tuple(sequence, fc.constantFrom('OrderCancelled' as const, 'OrderRefunded' as const))
          .map(([n, type]) => ({ type: 'record-order-fact', fact: { type, data: { ...reference, sequence: n } } }) as const),
        sequence.map(
          (n) => ({ type: 'start-fulfilment', data: { purchaseId, sequence: n, ...started, providerTenant: provider } }) as const,
        ),
        fc
          .tuple(sequence, text)
          .map(
            ([n, detail]) =>
              ({ type: 'refuse-fulfilment', data: { purchaseId, sequence: n, code: 'no-cluster', detail } }) as const,
          ),
        fc.constant({ type: 'withdraw-fulfilment', data: { purchaseId, instanceId: started.instanceId } } as const),
      ),
    ];
  }),

  life(instance, (instanceId) => {
    const operationId = fc.integer({ min: 1, max: 3 }).map((n) => `op-${n}-${instanceId}`);
    const of = (number: number) => ({
      versionId: `ver-${number}`,
      versionNumber: `${number}.0.0`,
      snapshot: `${number}`.repeat(64),
    });
    return [
      text.map((title) => ({
        type: 'RequestInstance',
        data: {
          ...of(1),
          instanceId,
          name: 'shop',
          ownerTenant: buyer,
          providerTenant: provider,
          appId: 'app_01J0000000000000000000000A',
          released: true,
          configuration: 'standard',
          clusterId: 'clu_01J0000000000000000000000A',
          parameters: { title },
          secrets: [],
          origin: { kind: 'trial' },
          operationId: `op-1-${instanceId}`,
        },
      })),
      fc.oneof(
        fc.tuple(operationId, fc.integer({ min: 1, max: 3 })).map(
          ([id, number]) =>
            ({
              type: 'RequestUpgrade',
              instanceId,
              operationId: id,
              target: { ...of(number), status: 'released' },
              additionalPermissions: [],
              acceptPermissions: false,
            }) as const,
        ),
        fc
          .tuple(operationId, fc.uniqueArray(node))
          .map(([id, nodes]) => ({ type: 'RequestRestart', instanceId, operationId: id, nodes }) as const),
        operationId.map((id) => ({ type: 'RequestDelete', instanceId, operationId: id }) as const),
        {
          weight: 4,
          arbitrary: fc
            .tuple(operationId, fc.constantFrom('succeeded' as const, 'failed' as const), fc.uniqueArray(node))
            .map(
              ([id, outcome, completedInit]) => ({ type: 'ConcludeOperation', operationId: id, outcome, completedInit }) as const,
            ),
        },
      ),
    ];
  }),

  life(operation, (operationId) => {
    const of = { operationId, instanceId: `inst-${operationId}` };
    const deadline = fc.constantFrom('2026-01-01T00:10:00.000Z', '2026-01-01T00:20:00.000Z');
    const code = fc.constantFrom<WaitCode>('starting', 'not-ready', 'crash-loop');
    const fact: fc.Arbitrary<OperationFact> = fc.oneof(
      fc.record({ node, specHash: text, deadline }).map((data) => ({ type: 'NodeApplied', data: { ...of, ...data } }) as const),
      fc
        .record({ node, code, reason: text, deadline })
        .map((data) => ({ type: 'NodeWaiting', data: { ...of, ...data } }) as const),
      fc
        .tuple(node, fc.constantFrom('NodeBecameReady' as const, 'InitNodeCompleted' as const, 'NodeDeleted' as const))
        .map(([name, type]) => ({ type, data: { ...of, node: name } })),
      fc
        .integer({ min: 1, max: 2 })
        .map((secretVersion) => ({ type: 'CredentialBound', data: { ...of, appKey: 'key', secretVersion } }) as const),
      text.map((reason) => ({ type: 'OperationStalled', data: { ...of, code: 'cluster-unreachable', reason } }) as const),
      fc.constant({ type: 'OperationContinued', data: of } as const),
      fc.constant({ type: 'OperationSucceeded', data: of } as const),
    );
    return [
      digest.map((snapshot) => ({
        type: 'StartOperation',
        data: {
          ...of,
          ownerTenant: buyer,
          providerTenant: provider,
          clusterId: 'clu_01J0000000000000000000000A',
          kind: 'deploy',
          snapshot,
          waves: [['db'], ['web']],
        },
      })),
      fc.array(fact, { minLength: 1, maxLength: 4 }).map((facts) => ({ type: 'RecordFacts', facts }) as const),
    ];
  }),
];

function life<State, Command, Event extends DomainEvent>(
  aggregate: Aggregate<State, Command, Event>,
  commands: (id: string) => [creating: fc.Arbitrary<NoInfer<Command>>, following: fc.Arbitrary<NoInfer<Command>>],
): Life {
  return {
    aggregate: aggregate,
    commands: (id) => {
      const [creating, following] = commands(id);
      return fc.tuple(creating, fc.array(following, { maxLength: 20 })).map(([first, rest]) => [first, ...rest]);
    },
  };
}

/** Valid ones: arrows lead to nodes that are there, and in no circle. */
function topologies(): fc.Arbitrary<Topology> {
  const names = fc.constantFrom('a', 'b', 'c', 'd');
  const nodes: fc.Arbitrary<TopologyNode> = fc.record(
    {
      serviceName: names,
      category: fc.constant('custom' as const),
      image: fc.constantFrom('registry.example.com/web:1', 'registry.example.com/web:2'),
      env: fc.dictionary(fc.constantFrom('A', 'B'), fc.constantFrom('1', '2')),
      position: fc.record({ x: fc.nat(2), y: fc.nat(2) }),
    },
    { requiredKeys: ['serviceName', 'category'] },
  );
  return fc
    .record({
      nodes: fc.uniqueArray(nodes, { selector: ({ serviceName }) => serviceName }),
      arrows: fc.uniqueArray(fc.record({ from: names, to: names }), { selector: ({ from, to }) => `${from} ${to}` }),
      parameters: fc.dictionary(names, fc.record({ type: fc.constantFrom('string' as const, 'number' as const) })),
      secrets: fc.dictionary(names, fc.record({ source: fc.constantFrom('generated' as const, 'supplied' as const) })),
    })
    .map((topology) => {
      const there = new Set(topology.nodes.map(({ serviceName }) => serviceName));
      return { ...topology, arrows: topology.arrows.filter(({ from, to }) => from > to && there.has(from) && there.has(to)) };
    });
}
