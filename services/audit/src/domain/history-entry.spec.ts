import { newId } from '@souk/contracts';
import { positionOf, type RecordedEvent } from '@souk/event-sourcing';
import { entryOf, isPart, wholesOf } from './history-entry';

const instanceId = newId('instance');
const versionId = newId('version');
const operationId = newId('operation');
const tenant = newId('tenant');
const user = newId('user');

const event = (stream: string, data: object, revision = 0): RecordedEvent => ({
  id: 'event-1',
  stream,
  revision,
  position: positionOf('aaaaaaaa', 1),
  type: 'ThingHappened',
  data,
  metadata: {
    commandId: 'command-1',
    correlationId: 'correlation-1',
    causationId: 'request-1',
    actor: { kind: 'user', id: user },
    tenants: [tenant],
    schemaVersion: 1,
    reason: 'for a test',
  },
  recordedAt: '2026-01-01T00:00:00.000Z',
});

describe('An entry of the history', () => {
  it('is about every id in stream, data, actor and parties', () => {
    const entry = entryOf(event(`instance-${instanceId}`, { nested: [{ versionId }], stream: `operation-${operationId}` }), []);
    expect(entry.about).toEqual([instanceId, operationId, tenant, user, versionId].sort());
    expect(entry).toMatchObject({ category: 'instance', type: 'ThingHappened', reason: 'for a test', causationId: 'request-1' });
  });

  it('is about what its stream is a part of, which stands in the first event alone', () => {
    const first = event(`operation-${operationId}`, { instanceId, versionId });
    expect(isPart(first.stream)).toBe(true);
    expect(wholesOf(first)).toEqual([instanceId]);
    expect(entryOf(event(first.stream, {}, 3), wholesOf(first)).about).toEqual(expect.arrayContaining([instanceId, operationId]));
  });

  it('is not about everything that its stream once mentioned', () => {
    expect(isPart(`instance-${instanceId}`)).toBe(false);
    expect(wholesOf(event(`instance-${instanceId}`, { versionId }))).toEqual([]);
  });

  it('shows no sealed field', () => {
    const data = { name: 'line', parameters: { $sealed: 'Zm9v', tenant } };
    expect(entryOf(event(`instance-${instanceId}`, data), []).data).toEqual({ name: 'line', parameters: '(sealed)' });
  });
});
