import type { ConfigurationAtRevision, PermissionsAtRevision, Platform } from '@souk/contracts';
import { jsonPointer, type Problem } from '@souk/event-sourcing';
import { type ImageFindings, imageProblems, imageWarnings } from './images';
import { declarationProblems } from './declaration-problems';
import type { ReviewedRevisions } from './version.events';

/** A draft as it stands: which revisions it consists of, and everything that is in the way of a release. */
export interface Review {
  readonly revisions: ReviewedRevisions;
  readonly problems: readonly Problem[];
  /** What should be looked at, and is not in the way. */
  readonly warnings: readonly Problem[];
}

/** What registries said of the images, and where the app runs. */
export interface ReviewedImages {
  readonly findings: ImageFindings;
  readonly platforms: readonly Platform[];
}

export function reviewOf(
  configurations: readonly ConfigurationAtRevision[],
  permissions: PermissionsAtRevision,
  { findings, platforms }: ReviewedImages = { findings: new Map(), platforms: [] },
): Review {
  const unpinned = imageWarnings(configurations, findings);
  const told = new Set(unpinned.map(({ pointer }) => pointer));
  return {
    revisions: {
      configurations: configurations
        .map(({ configurationId, revision }) => ({ configurationId, revision }))
        .sort((a, b) => (a.configurationId < b.configurationId ? -1 : 1)),
      permissions: permissions.revision,
    },
    problems: [
      ...(configurations.length === 0
        ? [{ code: 'no-configurations', pointer: '/configurations', message: 'a version needs at least one configuration' }]
        : []),
      ...configurations.flatMap(({ name, problems }) => problems.map((problem) => below(problem, 'configurations', name))),
      ...imageProblems(configurations, findings, platforms),
      ...permissions.problems.map((problem) => below(problem, 'permissions')),
      ...declarationProblems(configurations, permissions.permissions),
    ],
    warnings: [
      ...configurations
        .flatMap(({ name, warnings }) => warnings.map((warning) => below(warning, 'configurations', name)))
        // Who has asked a registry says it with the reason.
        .filter(({ code, pointer }) => code !== 'image-unpinned' || !told.has(pointer)),
      ...unpinned,
    ],
  };
}

function below({ code, pointer, message }: Problem, ...parents: readonly string[]): Problem {
  return { code, pointer: jsonPointer(...parents) + pointer, message };
}

/** What has changed between the reviewed revisions and those of now, in words; empty where nothing has. */
export function changesSince(reviewed: ReviewedRevisions, now: ReviewedRevisions): string[] {
  const before = new Map(reviewed.configurations.map(({ configurationId, revision }) => [configurationId, revision]));
  const changes: string[] = [];
  for (const { configurationId, revision } of now.configurations) {
    const seen = before.get(configurationId);
    if (seen === undefined) changes.push(`configuration ${configurationId} was added`);
    else if (seen !== revision)
      changes.push(`configuration ${configurationId} was reviewed at revision ${seen} and is at ${revision}`);
    before.delete(configurationId);
  }
  for (const configurationId of before.keys()) changes.push(`configuration ${configurationId} is not there`);
  if (reviewed.permissions !== now.permissions)
    changes.push(`permissions were reviewed at revision ${reviewed.permissions} and are at ${now.permissions}`);
  return changes;
}
