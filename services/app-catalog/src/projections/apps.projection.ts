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
  /** What a search finds it by: `q:<beginning of a word>`, `c:<category>`, `t:<tag>`. */
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
    AppCreated: (_, { data: { details, ...app }, revision, recordedAt }) =>
      searchable({
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
    AppListed: (app, { revision }) => app && { ...app, status: 'listed', listed: true, revision },
    AppDelisted: (app, { revision }) => app && { ...app, status: 'delisted', listed: false, revision },
    AppArchived: (app, { revision }) => app && { ...app, status: 'archived', listed: false, revision },
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
  const words = fold([app.name, app.summary, ...app.tags].join(' '))
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
  const terms = new Set(words.flatMap(beginnings).map((beginning) => `q:${beginning}`));
  if (app.category) terms.add(`c:${fold(app.category)}`);
  for (const tag of app.tags) terms.add(`t:${fold(tag)}`);
  return { ...app, terms: [...terms] };
}

/** Longest beginning of a word that is told apart in a search. */
export const LONGEST_TERM = 12;

function beginnings(word: string): string[] {
  const characters = [...word].slice(0, LONGEST_TERM);
  return characters.map((_, i) => characters.slice(0, i + 1).join(''));
}
