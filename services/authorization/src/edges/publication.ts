import type { RecordedEvent } from '@souk/event-sourcing';
import type { Publication } from '@souk/messaging';
import type { AppSecretRotated } from '../domain/credential.events';

export const publication: Publication = {
  service: 'authorization',
  on: {
    AppSecretRotated: ({ data: { instanceId, secretVersion, previousValidUntil } }: RecordedEvent<AppSecretRotated>) => ({
      type: 'authorization.app-secret-rotated.v1',
      data: { instanceId, secretVersion, previousValidUntil },
    }),
  },
};
