import type { Projection } from '@souk/event-sourcing';
import type { AppDetails, AppEvent, AppCreated } from '../domain/app.events';
import type { ExistingApp } from '../domain/app';

/** An app as its provider and the marketplace see it. */
export interface AppDoc extends Omit<AppCreated['data'], 'details'>, AppDetails {
  readonly status: ExistingApp['status'];
  readonly firstVersionId?: string;
  readonly revision: number;
  readonly createdAt: string;
  /** Folded name: the order of lists. */
  readonly nameKey: string;
  readonly listed: boolean;
  /** What a search finds it by, while it is listed: `q:<word>`, `c:<category>`, `t:<tag>`. */
  readonly terms: readonly string[];
}

export const appsProjection: Projection<AppDoc, AppEvent> = {
  name: 'apps',
  version: 1,
  streamPrefixes: ['app-'],
  indexes: {
    all: ['nameKey'],
    byProvider: ['providerTenant', 'nameKey'],
    listed: ['listed', 'nameKey'],
    byTerm: ['listed', 'terms', 'nameKey'],
  },
  on: {
    AppCreated: (_, { data: { details, ...app }, revision, recordedAt }) => ({
      ...app,
      ...details,
      status: 'created',
      revision,
      createdAt: recordedAt,
      nameKey: fold(app.name),
      listed: false,
      terms: [],
    }),
    AppDescribed: (app, { data, revision }) => app && searchable({ ...withoutDetails(app), ...data.details, revision }),
    AppInitialised: (app, { data, revision }) =>
      app && { ...app, status: 'initialised', firstVersionId: data.versionId, revision },
    AppListed: (app, { revision }) => app && searchable({ ...app, status: 'listed', listed: true, revision }),
    AppDelisted: (app, { revision }) => app && searchable({ ...app, status: 'delisted', listed: false, revision }),
    AppArchived: (app, { revision }) => app && searchable({ ...app, status: 'archived', listed: false, revision }),
  },
};

/** How names and search words are compared. */
export function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

function withoutDetails(app: AppDoc): AppDoc {
  const { description: _, category: __, iconUrl: ___, ...rest } = app;
  return rest;
}

function searchable(app: AppDoc): AppDoc {
  if (!app.listed) return { ...app, terms: [] };
  const terms = new Set(wordsOf([app.name, app.summary, ...app.tags].join(' ')).map((word) => `q:${word}`));
  if (app.category) terms.add(`c:${fold(app.category)}`);
  for (const tag of app.tags) terms.add(`t:${fold(tag)}`);
  return { ...app, terms: [...terms] };
}

/** Words of a text, folded. */
export function wordsOf(text: string): string[] {
  return fold(text)
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}
