import { summaryOf } from './summary';

describe('The summary of an event', () => {
  it.each([
    ['NodeBecameReady', { serviceName: 'mysql' }, 'operation', 'operation-op_1', 'Node became ready (mysql), operation op_1'],
    [
      'VersionReleased',
      { versionId: 'ver_1', number: '1.1.0' },
      'version',
      'version-ver_1',
      'Version released (1.1.0), version ver_1',
    ],
    [
      'RollbackStarted',
      { operationId: 'op_1', code: 'never-ready', node: 'tomcat', reason: 'node "tomcat" did not become ready' },
      'operation',
      'operation-op_1',
      'Rollback started (tomcat, never-ready), operation op_1',
    ],
    [
      'OperationRolledBack',
      { code: 'does-not-fit', node: 'tomcat', to: { versionNumber: '1.1.0' } },
      'operation',
      'operation-op_1',
      'Operation rolled back (tomcat, does-not-fit), operation op_1',
    ],
    [
      'RollbackRequested',
      { versionId: 'ver_1', versionNumber: '1.0.0', operationId: 'op_1' },
      'instance',
      'instance-inst_1',
      'Rollback requested (1.0.0), instance inst_1',
    ],
    ['AppKeyIssued', {}, 'credential', 'credential-inst_1', 'App key issued, credential inst_1'],
    ['SSOPathSet', {}, 'version', 'version-ver_1', 'Sso path set, version ver_1'],
    [
      'OrderPaid',
      { purchaseId: 'pur_1', orderId: 'o-1', sequence: 2 },
      'purchase',
      `purchase-${'0'.repeat(64)}`,
      'Order paid (o-1, 2), purchase pur_1',
    ],
    [
      'NameReserved',
      { name: 'x'.repeat(100) },
      'name',
      `name-${'a'.repeat(64)}`,
      `Name reserved (${'x'.repeat(60)}…), name aaaaaaaaaaaa…`,
    ],
    [
      'BillingSourceRegistered',
      { name: 'Shop' },
      'billingSource',
      'billingSource-bil_1',
      'Billing source registered (Shop), billing source bil_1',
    ],
  ])('%s is told as a sentence', (type, data, category, stream, sentence) => {
    expect(summaryOf({ type, data, category, stream })).toBe(sentence);
  });

  it('quotes no more than two things, and nothing that is no text or number', () => {
    const data = { name: { first: 'x' }, number: '1', kind: 'deploy', reason: 'because' };
    expect(summaryOf({ type: 'ThingHappened', data, category: 'thing', stream: 'thing-1' })).toBe(
      'Thing happened (1, deploy), thing 1',
    );
  });
});
