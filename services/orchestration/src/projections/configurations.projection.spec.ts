import { type Position, project, type RecordedEvent } from '@souk/event-sourcing';
import type { ConfigurationEvent } from '../domain/configuration.events';
import { type ConfigurationDoc, configurationsProjection } from './configurations.projection';

const data = {
  configurationId: 'cfg_1',
  versionId: 'ver_1',
  appId: 'app_1',
  providerTenant: 'ten_p',
  name: 'Edge',
  hosting: 'edge',
} as const;
const history: ConfigurationEvent[] = [
  { type: 'ConfigurationCreated', data },
  { type: 'NodeAdded', data: { node: { serviceName: 'a', category: 'custom' } } },
  { type: 'ConfigurationFrozen', data: { versionNumber: '1.0.0' } },
];

/** The document after the first so many of these events, recorded a second after each other. */
const after = (count: number) =>
  history.slice(0, count).reduce<ConfigurationDoc | undefined>((doc, event, revision) => {
    const recorded = { ...event, id: `${revision}`, stream: 'configuration-cfg_1', revision, position: '' as Position };
    const full = { ...recorded, metadata: {}, recordedAt: `2026-01-01T00:00:0${revision}.000Z` };
    return project(configurationsProjection, doc, full as unknown as RecordedEvent<ConfigurationEvent>, 'cfg_1');
  }, undefined);

describe('Configurations read model', () => {
  it('lists a draft from its creation', () => {
    expect(after(1)).toEqual({
      ...data,
      status: 'draft',
      revision: 0,
      createdAt: '2026-01-01T00:00:00.000Z',
      changedAt: '2026-01-01T00:00:00.000Z',
    });
  });

  it('goes along with its revision', () => {
    expect(after(2)).toMatchObject({ status: 'draft', revision: 1, changedAt: '2026-01-01T00:00:01.000Z' });
  });

  it('knows when it is frozen', () => {
    expect(after(3)).toMatchObject({ status: 'frozen', revision: 2, createdAt: '2026-01-01T00:00:00.000Z' });
  });
});
