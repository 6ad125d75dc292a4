import type { Projection, RecordedEvent } from '@souk/event-sourcing';
import type { ConfigurationCreated, ConfigurationEvent } from '../domain/configuration.events';

/** A configuration in lists. What is drawn in it is read from its own stream. */
export type ConfigurationDoc = ConfigurationCreated['data'] & {
  readonly status: 'draft' | 'frozen';
  readonly revision: number;
  readonly createdAt: string;
  readonly changedAt: string;
};

const changed = (doc: ConfigurationDoc | undefined, { revision, recordedAt }: RecordedEvent): ConfigurationDoc | undefined =>
  doc && { ...doc, revision, changedAt: recordedAt };

export const configurationsProjection: Projection<ConfigurationDoc, ConfigurationEvent> = {
  name: 'configurations',
  version: 1,
  streamPrefixes: ['configuration-'],
  indexes: { byVersion: ['versionId', 'name'] },
  on: {
    ConfigurationCreated: (_, { data, revision, recordedAt }) => ({
      ...data,
      status: 'draft',
      revision,
      createdAt: recordedAt,
      changedAt: recordedAt,
    }),
    NodeAdded: changed,
    NodeSettingsChanged: changed,
    NodeMoved: changed,
    NodeRemoved: changed,
    ArrowDrawn: changed,
    ArrowErased: changed,
    ParameterDeclared: changed,
    ParameterRemoved: changed,
    SecretDeclared: changed,
    SecretRemoved: changed,
    ConfigurationFrozen: (doc, { revision, recordedAt }) => doc && { ...doc, status: 'frozen', revision, changedAt: recordedAt },
  },
};
