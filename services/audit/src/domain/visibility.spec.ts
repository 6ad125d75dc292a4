import type { Role } from '@souk/contracts';
import { positionOf } from '@souk/event-sourcing';
import type { HistoryEntry } from './history-entry';
import { type Sight, sightOf, visibleData } from './visibility';

const entry = (category: string, ...tenants: string[]): HistoryEntry => ({
  eventId: 'e',
  position: positionOf('aaaaaaaa', 1),
  stream: `${category}-1`,
  category,
  revision: 0,
  type: 'ThingHappened',
  recordedAt: '2026-01-01T00:00:00.000Z',
  actor: { kind: 'user', id: 'usr_1' },
  tenants,
  commandId: 'c',
  correlationId: 'r',
  causationId: 'r',
  schemaVersion: 1,
  about: [],
  data: {},
});

describe('Who sees an event', () => {
  it.each<[Role, string, string, string[], Sight]>([
    ['operator', 'ten_platform', 'instance', ['ten_buyer', 'ten_provider'], 'metadata'],
    ['auditor', 'ten_buyer', 'instance', ['ten_buyer', 'ten_provider'], 'everything'],
    ['auditor', 'ten_other', 'instance', ['ten_buyer', 'ten_provider'], 'nothing'],
    ['buyer', 'ten_buyer', 'instance', ['ten_buyer', 'ten_provider'], 'everything'],
    ['buyer', 'ten_other', 'instance', ['ten_buyer', 'ten_provider'], 'nothing'],
    ['provider', 'ten_provider', 'instance', ['ten_buyer', 'ten_provider'], 'state'],
    ['provider', 'ten_provider', 'operation', ['ten_buyer', 'ten_provider'], 'state'],
    ['provider', 'ten_provider', 'health', ['ten_buyer', 'ten_provider'], 'state'],
    ['provider', 'ten_provider', 'resources', ['ten_buyer', 'ten_provider'], 'state'],
    ['provider', 'ten_provider', 'purchase', ['ten_buyer', 'ten_provider'], 'shared'],
    ['provider', 'ten_provider', 'instance', ['ten_provider'], 'everything'],
    ['provider', 'ten_provider', 'version', ['ten_provider'], 'everything'],
    ['provider', 'ten_other', 'version', ['ten_provider'], 'nothing'],
    ['billing', 'ten_billing', 'purchase', ['ten_buyer', 'ten_billing'], 'shared'],
    ['billing', 'ten_billing', 'instance', ['ten_buyer', 'ten_billing'], 'nothing'],
    ['billing', 'ten_other', 'purchase', ['ten_buyer', 'ten_billing'], 'nothing'],
    ['buyer', 'ten_buyer', 'name', [], 'nothing'],
  ])('%s of %s sees of %s with the parties %j: %s below', (role, tenant, category, tenants, sight) => {
    expect(sightOf({ tenant, role, platformWide: false }, entry(category, ...tenants))).toBe(sight);
  });

  it('is the auditor of the platform in any case', () => {
    expect(sightOf({ tenant: 'ten_platform', role: 'auditor', platformWide: true }, entry('instance', 'ten_buyer'))).toBe(
      'everything',
    );
  });
});

describe('The data that is seen', () => {
  const data = {
    name: 'line',
    parameters: { adminEmail: 'x' },
    request: { secrets: { a: 'b' }, nodes: [{ parameters: {}, cpu: 1 }] },
  };

  it('is all of it', () => expect(visibleData('everything', data)).toBe(data));
  it('is without what the buyer filled in, at any depth', () =>
    expect(visibleData('shared', data)).toEqual({ name: 'line', request: { nodes: [{ cpu: 1 }] } }));
  it('is, of what runs at the buyer, neither words nor addresses: codes remain', () => {
    const failed = { node: 'db', code: 'not-in-time', reason: 'no room on rack-7', address: { host: '10.1.2.3' } };
    const health = { differences: [{ path: '/spec' }], nodes: [failed], detail: 'x', parameters: {} };
    expect(visibleData('state', health)).toEqual({ nodes: [{ node: 'db', code: 'not-in-time' }] });
  });
  it.each(['metadata', 'nothing'] as const)('is none for %s', (sight) => expect(visibleData(sight, data)).toBeUndefined());
});
