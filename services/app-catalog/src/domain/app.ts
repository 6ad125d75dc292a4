import type { DistributionType, HostingMode, Platform } from '@souk/contracts';
import { assertNever } from '@souk/event-sourcing';
import type { AppDetails, AppEvent } from './app.events';

interface Known {
  readonly appId: string;
  readonly providerTenant: string;
  readonly name: string;
  readonly distributionType: DistributionType;
  readonly hostingMode: HostingMode;
  readonly platforms: readonly Platform[];
  readonly details: AppDetails;
}

/** `none → created → initialised → listed ⇄ delisted → archived` */
export type App =
  | { readonly status: 'none' }
  | (Known & { readonly status: 'created' })
  | (Known & { readonly status: 'initialised' | 'listed' | 'delisted'; readonly firstVersionId: string })
  | (Known & { readonly status: 'archived' });

export type ExistingApp = Exclude<App, { status: 'none' }>;

export const noApp: App = { status: 'none' };

export function evolve(app: App, event: AppEvent): App {
  if (event.type === 'AppCreated') return { status: 'created', ...event.data };
  if (app.status === 'none') return app;
  switch (event.type) {
    case 'AppDescribed':
      return { ...app, details: event.data.details };
    case 'AppInitialised':
      return { ...app, status: 'initialised', firstVersionId: event.data.versionId };
    case 'AppListed':
      return 'firstVersionId' in app ? { ...app, status: 'listed' } : app;
    case 'AppDelisted':
      return 'firstVersionId' in app ? { ...app, status: 'delisted' } : app;
    case 'AppArchived':
      return { ...app, status: 'archived' };
    default:
      return assertNever(event);
  }
}
