import type { AppDoc } from '../projections/apps.projection';

/** An app in an answer: without what only the read model needs. */
export function appView({ nameKey: _, terms: __, listed: ___, ...app }: AppDoc) {
  return app;
}

/** What everybody may see of a listed app. */
export function listingView(app: AppDoc) {
  const { revision: _, firstVersionId: __, ...listing } = appView(app);
  return listing;
}
