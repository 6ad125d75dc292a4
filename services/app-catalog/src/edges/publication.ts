import type { RecordedEvent } from '@souk/event-sourcing';
import type { Publication } from '@souk/messaging';
import type { AppDelisted, AppListed } from '../domain/app.events';

export const publication: Publication = {
  service: 'app-catalog',
  on: {
    AppListed: ({ data }: RecordedEvent<AppListed>) => ({ type: 'app-catalog.app-listed.v1', data }),
    AppDelisted: ({ data }: RecordedEvent<AppDelisted>) => ({ type: 'app-catalog.app-delisted.v1', data }),
  },
};
